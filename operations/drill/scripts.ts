/** The scripts of a drill as they are sent to a machine: values, then functions of the hosts, then the script itself. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { DEBIANS_POSTGRES } from "../../catalogue/postgres";
import { hostFile } from "../../services/hostFile";
import { quoted } from "../ssh";
import type { MainFacts } from "./facts";

const own = (name: string) => readFileSync(join(__dirname, name), "utf8");
const FACTS = own("facts.sql");
const REFERENCES = own("references.sql");

const assignments = (values: Readonly<Record<string, string | number>>) =>
  Object.entries(values)
    .map(([name, value]) => `${name}=${quoted(String(value))}\n`)
    .join("");

/** The end of every script. bash reads no further than this line: what follows in the same pipe is for the script. */
const RUN = "main; exit\n";

/** main.sh: a restore point, and what main contains at it. */
export const mainScript = (values: { name: string; limitSeconds: number }) =>
  [
    assignments({ NAME: values.name, LIMIT: values.limitSeconds, FACTS }),
    "BASH_ARGV0=main\n",
    own("main.sh"),
    RUN,
  ].join("");

/** The functions of common.sh. Before them it reads a file that only hosts have. */
function commonFunctions(): string {
  const [, functions] = hostFile("system/common.sh").split("host.env\n");
  if (!functions) throw new Error("services/system/common.sh no longer reads host.env before its functions");
  return functions;
}

export interface MachineValues {
  /** Of the restore point. */
  name: string;
  main: Pick<MainFacts, "major" | "backup">;
  /** Major version to try an upgrade to; 0 for none. */
  nextMajor: number;
  /** Where the copy goes. */
  folder: string;
  /** Up to this size pg_amcheck looks for every row in every index. */
  thoroughBytes: number;
}

/** machine.sh: the restore, and what the copy contains. pgBackRest's configuration follows it. */
export const machineScript = ({ name, main, nextMajor, folder, thoroughBytes }: MachineValues) =>
  [
    "set -euo pipefail\nBASH_ARGV0=drill\n",
    assignments({
      NAME: name,
      SET: main.backup.label,
      BYTES: main.backup.info.size,
      MAJOR: main.major,
      NEXT_MAJOR: nextMajor,
      FOLDER: folder,
      THOROUGH_BYTES: thoroughBytes,
      FACTS,
      REFERENCES,
    }),
    commonFunctions(),
    assignments({ DEBIANS_POSTGRES, STATE: "/run/mastodon-drill/state" }),
    hostFile("system/apt.sh"),
    hostFile("postgres/clusters.sh"),
    own("machine.sh"),
    RUN,
  ].join("");
