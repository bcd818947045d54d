/** What is asked of main, and what becomes of the answers: with a shell in place of ssh, and a program in place of curl. */
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { askMain, frameOf, script } from "../../../operations/calibrate/ask";
import { Collected, exportSchema, MEASURE_NAMES, queryOf } from "../../../operations/calibrate/measures";

const NOW = 1_796_000_000;

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "calibrate-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** Main with this in place of curl. */
function mainWith(curl: string) {
  writeFileSync(join(folder, "curl"), `#!/bin/bash\n${curl}\n`);
  chmodSync(join(folder, "curl"), 0o755);
  return { name: "main", command: ["env", `PATH=${folder}:${process.env.PATH}`] };
}

/** Answers with the end of each window as its value. */
const CLOCK = `
declare -A of
for one in "$@"; do [[ $one == *=* ]] && of[\${one%%=*}]=\${one#*=}; done
echo "\${of[query]}" >>"$(dirname "$0")/asked"
values=""
for ((at = of[start]; at <= of[end]; at += of[step])); do values+=",[$at,\\"$at\\"]"; done
echo -n '{"status":"success","data":{"resultType":"matrix","result":[{"metric":{"__name__":"x","queue":"push"},"values":['"\${values:1}"']}]}}'`;

test("the last whole hours are asked for, and windows end where they say", () => {
  const frame = frameOf("prod", NOW, 600, 1008);
  expect(frame.from % 3600).toBe(0);
  expect(NOW - (frame.from + 600 * 1008)).toBeLessThan(3600);
  expect(frameOf("prod", NOW, 60, 20).from).toBe(Math.floor(NOW / 60) * 60 - 1200);
});

test("answers for single days become one series of all windows", async () => {
  const frame = frameOf("prod", NOW, 600, 300);
  const said: string[] = [];
  const read = await askMain(mainWith(CLOCK), frame, (line) => said.push(line));
  expect(said).toEqual(["part 1 of 3", "part 2 of 3", "part 3 of 3"]);
  expect(exportSchema.parse(JSON.parse(JSON.stringify(read)))).toEqual(read);
  const ends = Array.from({ length: 300 }, (_, w) => frame.from + 600 * (w + 1));
  for (const name of MEASURE_NAMES)
    expect(read.series[name]).toEqual([{ labels: { queue: "push" }, values: ends }]);
});

test("each query is one that a shell passes on as it is, with the window filled in", () => {
  for (const name of MEASURE_NAMES) expect(queryOf(name, 600)).not.toMatch(/['\n]|\[W\]/);
  expect(queryOf("queries", 120)).toBe("increase(mastodon_pgbouncer_queries_total[120s])");
  expect(script(frameOf("prod", NOW, 600, 6))).toContain(
    "'increase(mastodon_pgbouncer_queries_total[600s])'\n",
  );
});

test("what is not a number, or outside of the time, is unknown", () => {
  const collected = new Collected({ stack: "prod", from: 0, step: 10, windows: 3 });
  const values = [
    [0, "5"],
    [10, "1"],
    [20, "NaN"],
    [30, "+Inf"],
    [40, "5"],
  ];
  collected.add("people", JSON.stringify({ status: "success", data: { result: [{ metric: {}, values }] } }));
  expect(collected.export().series.people).toEqual([{ labels: {}, values: [1, null, null] }]);
  expect(collected.export().series.jobs).toEqual([]);
});

test("without Prometheus, what to do", async () => {
  const frame = frameOf("prod", NOW, 600, 6);
  await expect(
    askMain(mainWith("echo 'curl: (7) Failed to connect' >&2; exit 7"), frame, () => undefined),
  ).rejects.toThrow(
    "Prometheus does not run on main. Without main.watch nothing is measured; with it: ssh root@main journalctl -u prometheus",
  );
});

test("main that cannot be reached, in ssh's words; Prometheus' own words", async () => {
  const frame = frameOf("prod", NOW, 600, 6);
  const closed = {
    name: "main",
    command: ["bash", "-c", "echo 'ssh: connect to host main: timed out' >&2; exit 255"],
  };
  await expect(askMain(closed, frame, () => undefined)).rejects.toThrow(
    "main could not be asked: ssh: connect to host main: timed out",
  );
  const refused = mainWith(
    `echo -n '{"status":"error","error":"query processing would load too many samples"}'`,
  );
  await expect(askMain(refused, frame, () => undefined)).rejects.toThrow(
    "Prometheus on main cannot say jobs: query processing would load too many samples",
  );
});
