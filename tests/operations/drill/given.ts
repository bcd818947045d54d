/** What main and the machine say in a drill that passes, for tests that change a part of it. */
import {
  type CopyFacts,
  type DatabaseFacts,
  type MainFacts,
  readCopy,
} from "../../../operations/drill/facts";

export const database = (changes: Partial<DatabaseFacts> = {}): DatabaseFacts => ({
  version: 170006,
  bytes: 4_200_000_000,
  tables: {
    accounts: { rows: 5_000, newest: "113000000000005000", at: "2026-11-29T13:00:00" },
    bookmarks: { rows: 1_250, newest: null, at: null },
    statuses: { rows: 100_000, newest: "113000000000100000", at: "2026-11-29T13:32:14" },
  },
  sequences: { accounts_id_seq: "5000", statuses_id_seq: "100000" },
  migrations: ["20260801000000", "20260901000000"],
  extensions: { pg_stat_statements: "1.11", plpgsql: "1.0" },
  invalid: [],
  unlogged: [],
  ...changes,
});

/** The same with other tables. */
export const withTables = (tables: DatabaseFacts["tables"]): DatabaseFacts =>
  database({ tables: { ...database().tables, ...tables } });

export const main = (changes: Partial<MainFacts> = {}): MainFacts => ({
  major: 17,
  time: "2026-11-29T13:32:15Z",
  backup: {
    label: "20261129-023002F",
    type: "full",
    timestamp: { stop: Date.parse("2026-11-29T02:31:00Z") / 1000 },
    info: { size: 4_200_000_000 },
  },
  before: database(),
  after: database(),
  sequences: database().sequences,
  exposedSeconds: 37,
  ...changes,
});

/** Lines as the scripts print them. */
export const printed = (facts: Readonly<Record<string, string | number | object>>): string =>
  Object.entries(facts)
    .map(([name, value]) => {
      const text = typeof value === "object" ? JSON.stringify(value) : String(value);
      return `${name} ${Buffer.from(`${text}\n`).toString("base64")}\n`;
    })
    .join("");

const WHOLE = {
  restored: 41_200,
  size: 4_300_000_000,
  replayed: 8_100,
  segments: 12,
  reached: "2026-11-29 13:32:14.9+00",
  facts: database(),
  references: { keys: 143, broken: [] },
  amcheck: "",
  checked: 64_000,
  options: "--parent-check --heapallindexed --checkunique",
  checksums:
    "Checksum operation completed\nFiles scanned:   1291\nBad checksums:  0\nData checksum version: 1",
  upgraded: 4_140,
  finished: "2026-11-29T13:35:00Z",
};

/** What machine.sh prints, with other facts, or without those that are undefined. */
export const machineOutput = (changes: Readonly<Record<string, unknown>> = {}): string =>
  printed(
    Object.fromEntries(
      Object.entries({ ...WHOLE, ...changes }).filter(([, value]) => value !== undefined),
    ) as Record<string, string>,
  );

export const copy = (changes: Readonly<Record<string, unknown>> = {}): CopyFacts => {
  const facts = readCopy(machineOutput(changes));
  if (!facts) throw new Error("the machine came to no end");
  return facts;
};

/** As main.sh prints it. */
export const mainOutput = (changes: Readonly<Record<string, string | number | object>> = {}): string => {
  const { before, after, sequences, backup, time } = main();
  const all = { major: 17, backup, exposed: 37, sequences, before, after, time, end: "2026-11-29T13:32:20Z" };
  return printed({ ...all, ...changes });
};
