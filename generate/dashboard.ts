/** docs/grafana/mastodon.json: what main's page shows, as a dashboard for Grafana. Its own SDK knows the names and the types. */
import {
  BigValueColorMode,
  BigValueGraphMode,
  BigValueTextMode,
  LegendDisplayMode,
  LegendPlacement,
  ReduceDataOptionsBuilder,
  VisibilityMode,
  VizLegendOptionsBuilder,
} from "@grafana/grafana-foundation-sdk/common";
import {
  AnnotationQueryBuilder,
  DashboardBuilder,
  DashboardCursorSync,
  DatasourceVariableBuilder,
  type DynamicConfigValue,
  MappingType,
  QueryVariableBuilder,
  RowBuilder,
  type ValueMapping,
  VariableHide,
  VariableRefresh,
  VariableSort,
} from "@grafana/grafana-foundation-sdk/dashboard";
import { DataqueryBuilder } from "@grafana/grafana-foundation-sdk/prometheus";
import { PanelBuilder as Stat } from "@grafana/grafana-foundation-sdk/stat";
import { PanelBuilder as StateTimeline } from "@grafana/grafana-foundation-sdk/statetimeline";
import { PanelBuilder as TimeSeries } from "@grafana/grafana-foundation-sdk/timeseries";
import * as units from "@grafana/grafana-foundation-sdk/units";
import {
  type Each,
  FACTS,
  LABELS,
  type Panel,
  PLANNED,
  RAISED,
  SECTIONS,
  type Unit,
} from "../services/watch/panels";
import { withMatchers } from "./matchers";

const SOURCE = { type: "prometheus", uid: "$datasource" };

/** Grafana's units. */
const UNITS: Record<Unit, string> = {
  count: units.Short,
  seconds: units.Seconds,
  perSecond: units.CountsPerSecond,
  bytes: units.BytesIEC,
  share: units.PercentUnit,
};

/** What `site` is without remote write: main's own Prometheus has no such label, and `.*` matches its absence. */
const SITE = { site: "$site" };

/** A variable for each label that panels are repeated by, and the series whose labels are its values. */
const REPEATED: Record<Each, { variable: string; series: string }> = {
  queue: { variable: "queue", series: "mastodon_queue_target_seconds" },
  pool: { variable: "pool", series: "mastodon_machine_memory_bytes" },
  "worker pool": { variable: "worker_pool", series: "mastodon_pool_machines_planned" },
  disk: { variable: "pool", series: "mastodon_machine_memory_bytes" },
};

/** As on the page, curves are told apart by their strokes too. */
const dashes = (...dash: number[]): DynamicConfigValue[] => [
  { id: "custom.lineStyle", value: { fill: "dash", dash } },
  { id: "custom.fillOpacity", value: 0 },
];
const STROKES = { second: dashes(2, 3), limit: dashes(10, 4), plan: dashes(8, 3, 2, 3) };

const PLAN_SAYS = {
  course:
    "“plan”: what would wait if the fleet had worked for the last hour as the capacity model says, at the busy hour's load. If the measured curve stays above, the fleet is slower than planned.",
  other: "“plan”: the capacity model's figure at the busy hour.",
};

const FULL = 24;
const HEIGHT = 7;

interface Query {
  name: string;
  expression: string;
  legend: string;
}

const query = ({ name, expression, legend }: Query) =>
  new DataqueryBuilder().refId(name).datasource(SOURCE).expr(expression).legendFormat(legend).range();

function queriesOf({ curves, each, plan }: Panel): Query[] {
  const matchers = each ? { ...SITE, [LABELS[each][0] as string]: `$${REPEATED[each].variable}` } : SITE;
  // A repeated panel is of one value of the first label. What is left tells the curves apart.
  const rest = each ? LABELS[each].slice(1).map((label) => `{{${label}}} `) : [];
  return [
    ...curves.map(({ name, says, now, day = now }) => ({ name, says, expression: day })),
    ...(plan ? [{ name: "plan", says: "plan", expression: PLANNED[plan] }] : []),
  ].map(({ name, says, expression }) => ({
    name,
    expression: withMatchers(expression, matchers),
    legend: rest.join("") + says,
  }));
}

function timeSeries(panel: Panel, width: number): TimeSeries {
  const { title, unit, each, curves, plan } = panel;
  const made = new TimeSeries()
    .title(each ? `${title}: $${REPEATED[each].variable}` : title)
    .datasource(SOURCE)
    .unit(UNITS[unit])
    .min(0)
    .span(width)
    .height(HEIGHT)
    .interval("1m")
    .fillOpacity(8)
    .showPoints(VisibilityMode.Never)
    .noValue("no measurement")
    .legend(
      new VizLegendOptionsBuilder()
        .displayMode(LegendDisplayMode.List)
        .placement(LegendPlacement.Bottom)
        .showLegend(true)
        .calcs(["lastNotNull", "max"]),
    )
    .targets(queriesOf(panel).map(query));
  if (unit === "share") made.max(1);
  if (plan) made.description(plan === "course" ? PLAN_SAYS.course : PLAN_SAYS.other);
  for (const [i, { name, limit }] of curves.entries())
    if (limit || i > 0) made.overrideByQuery(name, STROKES[limit ? "limit" : "second"]);
  if (plan) made.overrideByQuery("plan", STROKES.plan);
  if (each) made.repeat(REPEATED[each].variable).repeatDirection("h").maxPerRow(4);
  return made;
}

interface Figure {
  title: string;
  fact: keyof typeof FACTS;
  unit: string;
  /** Labels that tell its values apart. */
  legend?: string;
  /** The labels are the answer. */
  named?: true;
}

const FIGURES: readonly Figure[] = [
  { title: "Release", fact: "release", unit: units.Short, legend: "{{version}} {{phase}}", named: true },
  { title: "Since the last good backup", fact: "backupAge", unit: units.Seconds },
  { title: "Age of the newest post from elsewhere", fact: "postAge", unit: units.Seconds },
  { title: "The certificate is valid for", fact: "certificateLeft", unit: units.Seconds },
  { title: "Jobs to retry, scheduled, dead", fact: "jobs", unit: units.Short, legend: "{{state}}" },
];

const figure = ({ title, fact, unit, legend = title, named }: Figure, width: number) =>
  new Stat()
    .title(title)
    .datasource(SOURCE)
    .unit(unit)
    .span(width)
    .height(4)
    .noValue("no measurement")
    .graphMode(BigValueGraphMode.None)
    .colorMode(BigValueColorMode.None)
    .textMode(named ? BigValueTextMode.Name : BigValueTextMode.Auto)
    .reduceOptions(new ReduceDataOptionsBuilder().calcs(["last"]))
    .withTarget(
      new DataqueryBuilder()
        .refId(fact)
        .datasource(SOURCE)
        .expr(withMatchers(FACTS[fact], SITE))
        .legendFormat(legend)
        .instant(),
    );

const mapped = (says: Record<string, { text: string; color: string }>): ValueMapping => ({
  type: MappingType.ValueToText,
  options: says,
});

const states = (title: string, description: string, one: Query, says: Parameters<typeof mapped>[0]) =>
  new StateTimeline()
    .title(title)
    .description(description)
    .datasource(SOURCE)
    .span(FULL / 2)
    .height(HEIGHT)
    .interval("1m")
    .noValue("no measurement")
    .showValue(VisibilityMode.Never)
    .mergeValues(true)
    .mappings([mapped(says)])
    .withTarget(query(one));

const overview = () => [
  ...FIGURES.map((one, i) => figure(one, i < FIGURES.length - 1 ? 5 : FULL - 5 * (FIGURES.length - 1))),
  states(
    "Alarms",
    "Watchdog is always raised. Where it is missing, nobody knows what else is. Each alarm has a page in docs/alarms.",
    { name: "alarms", expression: withMatchers(RAISED, SITE), legend: "{{alertname}}" },
    { "1": { text: "raised", color: "red" } },
  ),
  states(
    "Sources",
    "What does not answer is not measured.",
    { name: "sources", expression: withMatchers(FACTS.up, SITE), legend: "{{source}}" },
    { "1": { text: "answers", color: "green" }, "0": { text: "does not answer", color: "red" } },
  ),
];

/** Values of a label. Each panel is repeated for all of them. */
const labelVariable = ({ variable, series }: { variable: string; series: string }, label: string) => {
  const values = `label_values(${withMatchers(series, SITE)}, ${label})`;
  return new QueryVariableBuilder(variable)
    .datasource(SOURCE)
    .query(values)
    .definition(values)
    .refresh(VariableRefresh.OnTimeRangeChanged)
    .sort(VariableSort.Disabled)
    .hide(VariableHide.HideVariable)
    .multi(true)
    .includeAll(true)
    .current({ selected: true, text: ["All"], value: ["$__all"] });
};

function variables(board: DashboardBuilder): void {
  const sites = "label_values(mastodon_source_up, site)";
  board
    .withVariable(new DatasourceVariableBuilder("datasource").label("Prometheus").type("prometheus"))
    .withVariable(
      new QueryVariableBuilder("site")
        .label("Instance")
        .description("The label that main's remote write adds. “All” also matches series without it.")
        .datasource(SOURCE)
        .query(sites)
        .definition(sites)
        .refresh(VariableRefresh.OnDashboardLoad)
        .sort(VariableSort.AlphabeticalAsc)
        .includeAll(true)
        .allValue(".*")
        .current({ selected: true, text: "All", value: "$__all" }),
    );
  const labels = new Map(
    Object.entries(REPEATED).map(([each, one]) => [
      one.variable,
      { one, label: LABELS[each as Each][0] as string },
    ]),
  );
  for (const { one, label } of labels.values()) board.withVariable(labelVariable(one, label));
}

/** Each alarm as a mark on all curves. */
const alarms = () =>
  new AnnotationQueryBuilder()
    .name("Alarms")
    .datasource(SOURCE)
    .enable(true)
    .iconColor("red")
    .expr(withMatchers(RAISED.replace("}", ',alertname!="Watchdog"}'), SITE))
    .step("60s")
    .titleFormat("{{alertname}}")
    .tagKeys("severity");

/** The dashboard in Grafana's classic model, which every Grafana imports. */
export function dashboard() {
  const board = new DashboardBuilder("Mastodon")
    .uid("mastodon-hosting")
    .description(
      "One instance of mastodon-hosting: what main's own page shows. Generated from services/watch/panels.ts.",
    )
    .tags(["mastodon"])
    .timezone("browser")
    .time({ from: "now-24h", to: "now" })
    .refresh("1m")
    .tooltip(DashboardCursorSync.Crosshair)
    .annotation(alarms());
  variables(board);
  let id = 0;
  board.withRow(new RowBuilder("Now").id(++id));
  for (const one of overview()) board.withPanel(one.id(++id));
  for (const { title, panels } of SECTIONS) {
    board.withRow(new RowBuilder(title).id(++id));
    const alone = panels.filter(({ each }) => !each).length;
    for (const panel of panels) board.withPanel(timeSeries(panel, panel.each ? FULL : FULL / alone).id(++id));
  }
  return board.build();
}
