/** Grafana's dashboard without Grafana: a real Prometheus with the day that the page's tests have answers each of its questions. */
import { dashboard } from "../../generate/dashboard";
import { withMatchers } from "../../generate/matchers";
import { FACTS, PLANNED, RAISED, SECTIONS } from "../../services/watch/panels";
import { run } from "../../tools/run";
import { program, Served } from "./watch/served";

let served: Served;
beforeAll(async () => {
  served = await Served.start();
}, 900_000);
afterAll(() => served?.stop());

async function asked(path: string, parameters: Record<string, string>) {
  const response = await fetch(`${served.prometheusUrl}/api/v1/${path}?${new URLSearchParams(parameters)}`);
  const { status, error, data } = (await response.json()) as {
    status: string;
    error?: string;
    data: { result: { values: [number, string][] }[] } & string[];
  };
  if (status !== "success") throw new Error(`${JSON.stringify(parameters)}: ${error}`);
  return data;
}

const board = dashboard();
const variables = board.templating?.list ?? [];

/** As Grafana asks for a variable's values: `label_values(SERIES, LABEL)`. */
async function valuesOf(name: string, site: string): Promise<string[]> {
  const { query } = variables.find((one) => one.name === name) ?? {};
  const [, series = "", label = ""] = /^label_values\((.*), (\w+)\)$/.exec(String(query)) ?? [];
  return asked(`label/${label}/values`, { "match[]": series.replaceAll("$site", site) });
}

/** Every query of the board, once for each value of what its panel is repeated by. */
async function queries(site: string) {
  const found: { at: string; expr: string }[] = [];
  for (const { title, repeat, targets = [] } of (board.panels ?? []) as {
    title: string;
    repeat?: string;
    targets?: { refId: string; expr: string }[];
  }[])
    for (const { refId, expr } of targets)
      for (const value of repeat ? await valuesOf(repeat, site) : [""])
        found.push({
          at: `${title} ${value} ${refId}`,
          expr: expr.replaceAll("$site", site).replaceAll(`$${repeat}`, value),
        });
  return found;
}

const samplesOf = async (expr: string) => {
  const end = Math.floor(Date.now() / 1000);
  const { result } = await asked("query_range", {
    query: expr,
    start: String(end - 86_400),
    end: String(end),
    step: "300",
  });
  return result.flatMap(({ values }) => values).length;
};

test("every panel has something to draw, for every queue, pool and disk", async () => {
  // The rules have been looked at, so that an alarm is raised.
  await new Promise((resolve) => setTimeout(resolve, 35_000));
  const all = await queries(".*");
  const empty: string[] = [];
  for (const { at, expr } of all) if ((await samplesOf(expr)) === 0) empty.push(at);
  expect(empty).toEqual([]);
  // Seven queues, two pools, one of workers: otherwise the variables had no values.
  expect(all.length).toBe(7 * 2 + 7 * 2 + 3 + 3 + 2 + 2 + 3 + 2 + 2 + 2 * 3 + 2 + 2 + 2 + 5 + 2);
}, 120_000);

test("another instance's dashboard shows nothing of this one", async () => {
  for (const { expr } of await queries("other.example"))
    expect([expr, await samplesOf(expr)]).toEqual([expr, 0]);
});

test("promtool adds the same matchers", async () => {
  const promtool = await program("usr/bin/promtool");
  const promql = async (...words: string[]) =>
    (await run([...promtool, "--experimental", "promql", ...words])).trim();
  const expressions = [
    ...SECTIONS.flatMap(({ panels }) =>
      panels.flatMap(({ curves }) => curves.map(({ now, day = now }) => day)),
    ),
    ...Object.values(FACTS),
    ...Object.values(PLANNED),
    RAISED,
  ];
  for (const expression of new Set(expressions))
    expect(await promql("format", withMatchers(expression, { site: "$site" }))).toBe(
      await promql("format", await promql("label-matchers", "set", "-t", "=~", expression, "site", "$site")),
    );
}, 120_000);
