/** docs/grafana/mastodon.json. That real Prometheus answers its questions: tests/browser/watch.test.ts. */
import { dashboard } from "../../generate/dashboard";
import { withMatchers } from "../../generate/matchers";
import { LABELS, PLANNED, SECTIONS } from "../../services/watch/panels";

const { panels = [], templating, annotations, ...board } = JSON.parse(JSON.stringify(dashboard()));

interface Shown {
  id: number;
  type: string;
  title: string;
  repeat?: string;
  gridPos: { x: number; y: number; w: number; h: number };
  targets?: { refId: string; expr: string }[];
  fieldConfig?: { overrides: { matcher: { id: string; options: string } }[] };
}
const shown = panels as Shown[];
const drawn = shown.filter(({ type }) => type === "timeseries");
const listed = SECTIONS.flatMap((section) => section.panels);

/** Without what Grafana fills in, in any place of a selector. */
const plain = (expression: string) => expression.replace(/,?\w+=~"\$\w+"/g, "").replace(/\{\}/g, "");

test("each curve of the page is there with the page's own expression, in the page's order", () => {
  expect(
    drawn.map(({ title, targets = [] }) => [
      title.split(":")[0],
      targets.map(({ refId, expr }) => [refId, plain(expr)]),
    ]),
  ).toEqual(
    listed.map(({ title, curves, plan }) => [
      title,
      [...curves.map(({ name, now, day = now }) => [name, day]), ...(plan ? [["plan", PLANNED[plan]]] : [])],
    ]),
  );
  expect(shown.filter(({ type }) => type === "row").map(({ title }) => title)).toEqual([
    "Now",
    ...SECTIONS.map(({ title }) => title),
  ]);
});

test("every selector asks for one instance, and a repeated panel for one value of its label", () => {
  const variables = (templating.list as { name: string; query: string }[]).map(({ name }) => name);
  expect(variables).toEqual(["datasource", "site", "queue", "pool", "worker_pool"]);
  for (const { repeat, targets = [] } of shown)
    for (const { expr } of targets) {
      const selectors = expr.match(/\w\{[^}]*\}/g) ?? [];
      expect([expr, selectors.length]).toEqual([
        expr,
        expr.match(/\b(mastodon_|connected_|ALERTS)/g)?.length,
      ]);
      for (const selector of selectors) {
        expect(selector).toContain('site=~"$site"');
        if (repeat) expect(selector).toContain(`=~"$${repeat}"`);
      }
    }
  expect(drawn.map(({ repeat }) => repeat)).toEqual(
    listed.map(({ each }) => (each === "worker pool" ? "worker_pool" : each && LABELS[each][0])),
  );
});

test("main's own Prometheus has no label for the instance: `All` matches its absence", () => {
  const site = (templating.list as { name: string; allValue?: string; current?: { value: string } }[]).find(
    ({ name }) => name === "site",
  );
  expect([site?.allValue, site?.current?.value]).toEqual([".*", "$__all"]);
});

test("targets and limits are dashed, and so is the plan", () => {
  const latency = drawn.find(({ title }) => title.startsWith("How long"));
  expect(latency?.fieldConfig?.overrides).toEqual([
    {
      matcher: { id: "byFrameRefID", options: "target" },
      properties: [
        { id: "custom.lineStyle", value: { fill: "dash", dash: [10, 4] } },
        { id: "custom.fillOpacity", value: 0 },
      ],
    },
  ]);
  for (const { targets = [], fieldConfig } of drawn)
    if (targets.some(({ refId }) => refId === "plan"))
      expect(fieldConfig?.overrides.map(({ matcher }) => matcher.options)).toContain("plan");
});

test("no panel covers another, and each has its own id", () => {
  const ids = shown.map(({ id }) => id);
  expect(new Set(ids).size).toBe(ids.length);
  for (const [i, { gridPos: a }] of shown.entries()) {
    expect(a.x + a.w).toBeLessThanOrEqual(24);
    for (const { gridPos: b } of shown.slice(i + 1)) {
      const apart = a.x + a.w <= b.x || b.x + b.w <= a.x || a.y + a.h <= b.y || b.y + b.h <= a.y;
      expect([a, b, apart]).toEqual([a, b, true]);
    }
  }
});

test("it belongs to nobody: every panel asks the source that the reader chooses", () => {
  const sources = JSON.stringify([panels, annotations]).match(/"datasource":\{[^}]*\}/g) ?? [];
  expect(new Set(sources)).toEqual(new Set(['"datasource":{"type":"prometheus","uid":"$datasource"}']));
  expect([board.id, board.uid, board.title]).toEqual([undefined, "mastodon-hosting", "Mastodon"]);
});

test("alarms are marks on the curves, without the one that is always raised", () => {
  expect(annotations.list.map(({ expr }: { expr: string }) => expr)).toEqual([
    'max by (alertname, severity) (ALERTS{alertstate="firing",alertname!="Watchdog",site=~"$site"})',
  ]);
});

test("matchers are added to every selector, and to nothing else", () => {
  expect(
    withMatchers('sum(rate(mastodon_jobs_total{result="failed"}[5m])) by (pool)', { site: "$site" }),
  ).toBe('sum(rate(mastodon_jobs_total{result="failed",site=~"$site"}[5m])) by (pool)');
  expect(withMatchers("max by (queue) (mastodon:queue_empty_seconds)", { a: "b", c: "d" })).toBe(
    'max by (queue) (mastodon:queue_empty_seconds{a=~"b",c=~"d"})',
  );
});
