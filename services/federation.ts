/** An export of the accounts each night: what the instance needs to go on as itself if its database is lost and no backup can be read. */
import { daily, units } from "./backup";
import { EXPORTED, LEFT_OUT, ROWS, tablesOf } from "./federationTables";
import { file, internal, LIBRARY, step } from "./hostFile";
import type { MainInputs } from "./inputs";
import { service } from "./service";

export const federation = service({
  name: "federation",
  late: true,
  files: ({ settings }: MainInputs) => [
    file(`${LIBRARY}/federation.sql`, "federation/federation.sql", {
      EXPORTED: tablesOf(EXPORTED).join(),
      LEFT_OUT: tablesOf(LEFT_OUT).join(),
      ROWS: Object.entries(ROWS)
        .map(([name, rows]) => `('${name}', '${rows}')`)
        .join(", "),
    }),
    ...["backup-federation", "restore-federation"].map((name) => internal(`federation/${name}`)),
    ...units({
      part: "federation",
      what: "Encrypted export of the accounts to S3",
      when: daily(settings),
      after: "mastodon-backup-dump.service",
    }),
    step("federation/84-federation"),
  ],
});
