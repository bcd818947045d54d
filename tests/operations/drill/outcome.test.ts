/** A drill's outcome, from what pgBackRest 2.55.1 and Postgres 17 really print. */
import { readMain } from "../../../operations/drill/facts";
import { outcomeOf } from "../../../operations/drill/outcome";
import { outcomeText } from "../../../operations/drill/text";
import { copy, main, mainOutput } from "./given";

const outcome = (changes: Readonly<Record<string, unknown>> = {}) =>
  outcomeOf(main(), copy(changes), "docker", 18);
/** Of a machine that came no further than that step. */
const failed = (step: string, said: string, more: Readonly<Record<string, unknown>> = {}) => {
  const later = [
    "restored",
    "replayed",
    "reached",
    "facts",
    "references",
    "amcheck",
    "checksums",
    "upgraded",
  ];
  const gone = Object.fromEntries([...later, "finished"].map((name) => [name, undefined]));
  return outcome({ ...gone, failed: step, said, ...more });
};

test("main's facts are read as main.sh prints them", () => {
  expect(readMain(mainOutput())).toEqual(main());
  // Nothing was ever archived.
  expect(readMain(mainOutput({ exposed: "" })).exposedSeconds).toBeUndefined();
  expect(() => readMain(mainOutput().replace(/^end .*\n/m, ""))).toThrow("the connection broke");
});

test("a copy that is like main passes, with what it took", () => {
  expect(outcome()).toEqual({
    ok: true,
    time: "2026-11-29T13:32:15Z",
    on: "docker",
    backup: {
      label: "20261129-023002F",
      type: "full",
      time: "2026-11-29T02:31:00.000Z",
      bytes: 4_200_000_000,
    },
    seconds: { restore: 41.2, replay: 8.1, check: 64 },
    segments: 12,
    missingSeconds: 0,
    exposedSeconds: 37,
    compared: {
      tables: 3,
      rows: 106_250,
      keys: 143,
      amcheck: "--parent-check --heapallindexed --checkunique",
      checksums: true,
    },
    upgrade: { from: 17, to: 18, seconds: 4.14 },
    problems: [],
  });
});

test("people read it as a few lines", () => {
  expect(outcomeText("prod", outcome())).toBe(
    `Drill of prod on docker: passed
  restored to  2026-11-29 13:32:15 UTC
  from         backup 20261129-023002F (full) of 2026-11-29 02:31:00 UTC, 4.2 GB
  restore      41 s, 9.8 s per GB
  replay       12 segments of the log in 8.1 s
  missing      nothing; with main lost at that moment, at most 37 s of writes
  compared     3 tables, 106,250 rows, 143 foreign keys
  checked      every page's checksum; pg_amcheck --parent-check --heapallindexed --checkunique in 64 s
  upgrade      Postgres 17 to 18: pg_upgrade took 4.1 s
`,
  );
});

test("a wrong key is called by its name, without the noise that it makes of a file", () => {
  const said = [
    "    status: error (other)",
    "            [FormatError] unable to load info file '/pgbackrest/backup/mastodon/backup.info' or '/pgbackrest/backup/mastodon/backup.info.copy':",
    "            FormatError: key/value found outside of section at line 1: ff\u00ff%C5e\u0001au",
    "            HINT: backup.info cannot be opened and is required to perform a backup.",
    "            HINT: has a stanza-create been performed?",
  ].join("\n");
  const { ok, problems, missingSeconds } = failed("open", said);
  expect({ ok, problems, missingSeconds }).toEqual({
    ok: false,
    problems: ["the repository does not open with the stack's repositoryKey, and it does with main's"],
    missingSeconds: null,
  });
});

test("a bucket that cannot be reached is not taken for a wrong key", () => {
  const said =
    "            [HostConnectError] unable to load info file '/pgbackrest/backup/mastodon/backup.info': unable to connect to 's3.us-east-1.amazonaws.com'\n            HINT: backup.info cannot be opened and is required to perform a backup.";
  expect(failed("open", said).problems).toEqual([
    expect.stringMatching(/^the bucket cannot be read from there: \[HostConnectError\]/),
  ]);
});

test("a damaged backup is named with its file in the bucket and pgBackRest's own words", () => {
  const said = [
    "2026-11-29 13:38:54.770 P00  ERROR: [029]: raised from local-2 protocol: zst error: [-20] Data corruption detected",
    "                                    [FormatError] on 2 retries from 1255-18099ms: zst error: [-20] Data corruption detected",
  ].join("\n");
  expect(
    failed("restore", said, { damaged: "invalid checksum '20261129-023002F/bundle/1'" }).problems,
  ).toEqual([
    "backup 20261129-023002F cannot be restored (in the bucket: invalid checksum '20261129-023002F/bundle/1'): ERROR: [029]: raised from local-2 protocol: zst error: [-20] Data corruption detected; [FormatError] on 2 retries from 1255-18099ms: zst error: [-20] Data corruption detected",
  ]);
});

test("a gap in the log is named with how much the copy lacks", () => {
  const { problems, missingSeconds, seconds } = failed(
    "replay",
    "FATAL:  recovery ended before configured recovery target was reached",
    { restored: 41_200, reached: "2026-11-29 13:30:00.25+00" },
  );
  expect(problems).toEqual([
    "the log in the bucket does not lead to the restore point, and the copy ends 135 s before it: FATAL:  recovery ended before configured recovery target was reached",
  ]);
  expect({ missingSeconds, restore: seconds.restore }).toEqual({ missingSeconds: 135, restore: 41.2 });
});

test("no room, no packages, a check that fails: each says which", () => {
  expect(failed("room", "/var/lib has room for 3.0 GB, and the copy may take 6.6 GB").problems).toEqual([
    "there is no room for the copy: /var/lib has room for 3.0 GB, and the copy may take 6.6 GB; --folder names another place",
  ]);
  expect(failed("packages", "E: Unable to locate package postgresql-17").problems).toEqual([
    "Postgres 17 or pgBackRest could not be installed there: E: Unable to locate package postgresql-17",
  ]);
  expect(failed("amcheck", "").problems).toEqual(["the copy could not be checked (amcheck)"]);
});

test("an upgrade that could not be measured is no failure", () => {
  const { ok, upgrade } = outcome({
    upgraded: undefined,
    unmeasured: "Postgres 18 could not be installed here",
  });
  expect({ ok, upgrade }).toEqual({
    ok: true,
    upgrade: { unmeasured: "Postgres 18 could not be installed here" },
  });
});

test("of a thousand problems twenty are listed", () => {
  const tables = Object.fromEntries(
    Array.from({ length: 50 }, (_, i) => [`table_${i}`, { rows: 1, newest: null, at: null }]),
  );
  const { problems } = outcome({
    facts: { ...main().before, tables: { ...main().before.tables, ...tables } },
  });
  expect(problems).toHaveLength(21);
  expect(problems.at(-1)).toBe("… and 30 more");
});

test("what the text says of a drill that fails comes first", () => {
  expect(outcomeText("prod", failed("amcheck", "")).split("\n").slice(0, 2)).toEqual([
    "Drill of prod on docker: FAILED",
    "  - the copy could not be checked (amcheck)",
  ]);
});
