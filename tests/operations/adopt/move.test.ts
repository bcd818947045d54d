/** The move's own reckoning, and the order in which a failed one is undone; machines are in tests/hosts/adopt.test.ts. */
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { giveBack, move } from "../../../operations/adopt/move";
import { movedText } from "../../../operations/adopt/movedText";
import { planOf } from "../../../operations/adopt/plan";
import { differentRows, rowsOf } from "../../../operations/adopt/rows";
import { FACTS, TARGET } from "./server";

test("rows are compared table by table, also those that one side does not have", () => {
  const there = rowsOf("accounts 12\nstatuses 20\nold_table 1\n");
  expect(differentRows(there, there)).toEqual([]);
  expect(differentRows(there, rowsOf("accounts 12\nstatuses 19\nnew_table 0"))).toEqual([
    "statuses: 20 there, 19 on main",
    "old_table: 1 there, no table on main",
    "new_table: no table there, 0 on main",
  ]);
});

test("the report says how long the site was down and what is left to do", () => {
  const text = movedText(
    {
      downSeconds: 131,
      steps: { stop: 12.34, dump: 95 },
      dump: { bytes: 300 * 2 ** 20, rows: 1_234_567, tables: 90 },
    },
    { host: "old", compose: "", env: "" },
    "live",
  );
  expect(text).toContain("Moved. The site was down for 2.2 min.\n  stop  12.3 s\n  dump  1.6 min\n");
  expect(text).toContain("Main has the same 1,234,567 rows in 90 tables.");
  expect(text).toContain("npm run adopt -- back --from old --stack live");
});

describe("undone", () => {
  let folder: string;
  const path = process.env.PATH;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "adopt-move-"));
    mkdirSync(join(folder, "bin"));
    process.env.PATH = `${folder}/bin:${path}`;
  });
  afterEach(() => {
    process.env.PATH = path;
    rmSync(folder, { recursive: true, force: true });
  });

  /** A stand-in for ssh that notes which script reached whom, and fails at one. */
  function machines(fails: string): void {
    writeFileSync(
      join(folder, "bin/ssh"),
      `#!/bin/bash
       script=$(cat)
       host=\${*: -3:1}
       case $script in
         *'Starts what stop.sh'*) what=start ;;
         *'Stops web, streaming'*) what=stop ;;
         *'Stops Mastodon on main'*) what=prepare ;;
         *'For the copy by replication'*) what=role ;;
         *'Main as it was before'*) what=back ;;
         *'Starts everything'*) what=start ;;
         *) what=other ;;
       esac
       echo "$host $what" >>${folder}/log
       if [[ "$host $what" == "${fails}" ]]; then echo "broken" >&2; exit 1; fi
       echo "end $(echo now | base64)"\n`,
    );
    chmodSync(join(folder, "bin/ssh"), 0o755);
  }
  const log = () => readFileSync(join(folder, "log"), "utf8").trim().split("\n");
  const where = { host: "old", compose: "", env: "" };
  const said: string[] = [];
  const say = (line: string) => void said.push(line);
  const look = {
    host: "old",
    at: "",
    stack: "live",
    facts: FACTS,
    findings: [],
    plan: planOf({ facts: FACTS, target: TARGET, mbitPerSecond: undefined }),
  };

  test("main stops and is emptied before the old instance starts, and starts last", async () => {
    machines("");
    await giveBack({ where, main: "main", say, loss: "", regardless: false });
    expect(log()).toEqual(["main back", "old start", "main start", "old role"]);
  });

  test("a main that cannot be stopped: the old instance does not start", async () => {
    machines("main back");
    await expect(giveBack({ where, main: "main", say, loss: "", regardless: false })).rejects.toThrow(
      "main: broken",
    );
    expect(log()).toEqual(["main back"]);
  });

  test("before main was told to start, the old instance starts whatever main says", async () => {
    machines("old stop");
    await expect(move({ where, main: "main", look, by: "dump", say })).rejects.toThrow(
      "The move failed, and the old instance runs again. old: broken",
    );
    expect(log()).toEqual(["main prepare", "old stop", "main back", "old start", "main start", "old role"]);
  });

  test("someone who stops it gets the old instance back", async () => {
    machines("");
    await expect(move({ where, main: "main", look, by: "dump", say, aborted: () => true })).rejects.toThrow(
      "Stopped by you.",
    );
    expect(log()).toEqual(["main prepare", "main back", "old start", "main start", "old role"]);
  });
});
