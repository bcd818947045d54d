import { spawnSync } from "node:child_process";
import { join } from "node:path";
import program from "../..";
import { planMarkdown } from "../../plan/markdown";
import { planPage } from "../../plan/page";
import { makePlan } from "../../plan/plan";
import type { Plan } from "../../plan/schema";
import { backlogChart, budgetChart } from "../../report/charts";
import { readExample } from "../../settings/stackFile/examples";

const ROOT = join(__dirname, "../..");
let prod: Plan;
let page: string;
beforeAll(async () => {
  prod = (await makePlan(readExample("prod"), program)).plan;
  page = planPage(prod);
});

test("the page is one file: no script, no address that a browser would fetch", () => {
  expect(page).not.toMatch(/<script|<link|<iframe|@import|url\((?!#)|\s(src|href|srcset|on\w+)=/i);
});

test("the same plan gives the same page, whatever was drawn before", () => {
  expect(planPage(prod)).toBe(page);
});

test("no id occurs twice, and every picture's references stay in it", () => {
  const ids = [...page.matchAll(/\sid="([^"]+)"/g)].map(([, id]) => id);
  expect(new Set(ids).size).toBe(ids.length);
  const used = [...page.matchAll(/url\(#([^)]+)\)/g)].map(([, id]) => id);
  expect(used.length).toBeGreaterThan(0);
  for (const id of used) expect(ids).toContain(id);
});

test("what is not ours is text, never markup", () => {
  const evil = '"><img src=x onerror=alert(1)>&';
  const shown = planPage({ ...prod, web: evil, warnings: [evil] });
  expect(shown).not.toContain("<img");
  expect(shown).toContain("&lt;img src=x onerror=alert(1)&gt;&amp;");
});

test("warnings come first, on the page and in the pull request", () => {
  const warned = { ...prod, warnings: ["one thing", "another thing"] };
  const order = (text: string, ...parts: string[]) => parts.map((part) => text.indexOf(part));
  for (const places of [
    order(planPage(warned), "2 warnings", "one thing", "another thing", ">Topology<", ">Queues<"),
    order(planMarkdown(warned), "one thing", "another thing", "```mermaid", "## Machines", "## Queues"),
  ]) {
    expect(places).not.toContain(-1);
    expect(places).toEqual(places.toSorted((a, b) => a - b));
  }
});

test("a queue that never drains is said so in words and drawn to the end", () => {
  const { capacity } = prod;
  const never = {
    ...prod,
    capacity: {
      ...capacity,
      queues: capacity.queues.map((queue) =>
        queue.queue === "pull"
          ? { ...queue, utilization: 1.2, drainHours: null, latencySeconds: null }
          : queue,
      ),
    },
  };
  expect(planPage(never)).toMatch(/jobs wait at the end of the outage; never empty/);
  expect(planPage(never)).toContain(
    "After an outage of 2 h at least one queue never empties again; 30 min is allowed.",
  );
  expect(planMarkdown(never)).toMatch(/\| pull \| 4\.0 \| 169\.9 \| 120 % \| grows \| never \|/);
});

/** Corners of the first path that is drawn in a colour. */
function corners(svg: string, stroke: string): [number, number][] {
  const [, path = ""] = new RegExp(`<path d="([^"]+)" fill="none" stroke="${stroke}"`).exec(svg) ?? [];
  return [...path.matchAll(/(-?[\d.]+) (-?[\d.]+)/g)].map(([, x, y]) => [Number(x), Number(y)]);
}

test("a curve is drawn to scale", () => {
  const svg = backlogChart(
    {
      curves: [
        {
          name: "a",
          points: [
            [0, 0],
            [2, 100],
            [3, 25],
            [4, 0],
          ],
        },
      ],
      outageHours: 2,
      untilHours: 4,
      moments: [{ at: 3, name: "limit" }],
      mostJobs: 100,
    },
    { id: "t", width: 300, height: 150, label: "A & B" },
  );
  const [start, peak, quarter, end] = corners(svg, "var\\(--accent\\)") as [number, number][];
  if (!start || !peak || !quarter || !end) throw new Error("four corners");
  const [width, height] = [end[0] - start[0], start[1] - peak[1]];
  expect(start[1]).toBeCloseTo(end[1], 1);
  // Against the scale's own mark.
  const [, at90] = /translate\([\d.]+ ([\d.]+)\)"[^>]*>90</.exec(svg) ?? [];
  expect(height / (start[1] - Number(at90))).toBeCloseTo(100 / 90, 2);
  expect((peak[0] - start[0]) / width).toBeCloseTo(1 / 2, 2);
  expect((quarter[0] - start[0]) / width).toBeCloseTo(3 / 4, 2);
  expect((start[1] - quarter[1]) / height).toBeCloseTo(1 / 4, 2);
  expect(svg).toContain('role="img" aria-label="A &amp; B"');
  expect(svg).toMatch(/>limit</);
  expect(svg).toMatch(/>100</);
});

test("bars are drawn to scale, each against its own limit", () => {
  const svg = budgetChart(
    [
      { name: "one", used: 50, limit: 100, words: "50 of 100" },
      { name: "two", used: 3, limit: 4, words: "3 of 4" },
      { name: "none", used: 0, limit: 0, words: "0 of 0" },
    ],
    { id: "t", width: 340, label: "bars" },
  );
  const widths = [...svg.matchAll(/<path d="M([\d.]+) [\d.]+l([\d.]+) 0[^"]*" fill="var\(--accent\)"/g)].map(
    ([, , width]) => Number(width),
  );
  expect((widths[1] ?? 0) / (widths[0] ?? 1)).toBeCloseTo(1.5, 1);
  for (const words of ["one: 50 of 100", "two: 3 of 4", "50 %", "75 %", "0 %"])
    expect(svg).toContain(`>${words}<`);
});

test("the program that Pulumi runs loads no charting library", () => {
  const script =
    'require("./index"); console.log(Object.keys(require.cache).filter((file) => /echarts|zrender|playwright/.test(file)).length)';
  const { stdout, stderr } = spawnSync("node", ["-r", "ts-node/register", "-e", script], {
    cwd: ROOT,
    encoding: "utf8",
  });
  expect({ stdout, stderr }).toEqual({ stdout: "0\n", stderr: "" });
});
