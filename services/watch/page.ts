/** The page on main's tailnet address: static files, and nginx, which passes its questions on to Prometheus. Decision 30. */
import { readFileSync } from "node:fs";
import { version } from "uplot/package.json";
import { QUEUE_NAMES } from "../../catalogue/queues";
import type { Settings } from "../../settings/schema";
import { file, type HostFile, hostFile, internal } from "../hostFile";
import type { MainInputs } from "../inputs";
import { SOURCES } from "./alarms";
import { type Each, LABELS, SECTIONS } from "./panels";
import { QUERY, queryMaps } from "./queries";

/** On loopback and on main's tailnet address. */
export const PAGE_PORT = 9080;

const FOLDER = "/usr/local/share/mastodon-host/watch";

/** A file of the library that draws the curves, as npm has it. */
const uPlot = (name: string, source: string): HostFile => ({
  path: `${FOLDER}/${name}`,
  content: readFileSync(require.resolve(`uplot/dist/${source}`), "utf8"),
  library: `uPlot ${version}`,
});

/** What a panel has a picture of each of, as it is planned: one that is missing says so. */
function groupsOf({ workers }: Pick<Settings, "workers">): Record<Each, readonly string[]> {
  const pools = workers.map(({ name }) => name);
  return {
    queue: QUEUE_NAMES,
    pool: ["main", ...pools],
    "worker pool": pools,
    disk: ["main /", "main /srv/data", ...pools.map((name) => `${name} /`)],
  };
}

/** The page's own data, as a script: the list of what it shows. */
function panelsScript({ settings, names }: Pick<MainInputs, "settings" | "names">): string {
  const groups = groupsOf(settings);
  const data = {
    site: names.web,
    pools: settings.workers.map(({ name }) => name),
    sources: SOURCES,
    sections: SECTIONS.map(({ panels, ...section }) => ({
      ...section,
      panels: panels.map(({ each, curves, ...panel }) => ({
        ...panel,
        labels: each ? LABELS[each] : [],
        groups: each ? groups[each] : [""],
        curves: curves.map(({ now: _now, day: _day, ...shown }) => shown),
      })),
    })),
  };
  return `const WATCH = ${JSON.stringify(data)};\n`;
}

/** In the order in which one needs the others. */
const MODULES = ["format", "answers", "model", "words", "chart", "page"];

/** As one script: modules would be fetched in rounds, and each takes as long as the way to main. */
const pageScript = () =>
  MODULES.map((name) =>
    hostFile(`watch/page/${name}.js`)
      .replace(/^import [^;]*;\n/gm, "")
      .replace(/^export /gm, "")
      .replace(/^ *\/\/ .*\n/gm, ""),
  ).join("");

/** What the script will ask for, asked for while it is still on its way: a round less. */
const preloads = () =>
  ["now", ...SECTIONS.map(({ name }) => `day/${name}`), "prediction.json", "alarms"]
    .map((path) => `<link rel="preload" as="fetch" crossorigin href="${path}">`)
    .join("\n");

export const pageFiles = (inputs: MainInputs, prometheus: number): HostFile[] => [
  file(`${FOLDER}/index.html`, "watch/page/index.html", { PRELOADS: preloads() }),
  file(`${FOLDER}/page.css`, "watch/page/page.css"),
  { path: `${FOLDER}/page.js`, content: pageScript() },
  { path: `${FOLDER}/panels.js`, content: panelsScript(inputs) },
  uPlot("uPlot.js", "uPlot.iife.min.js"),
  uPlot("uPlot.css", "uPlot.min.css"),
  { path: "/etc/mastodon-host/prediction.json", content: `${JSON.stringify(inputs.prediction)}\n` },
  internal("watch/page-address", { PORT: PAGE_PORT }),
  // Each minute, and at once when the address is another.
  file("/etc/systemd/system/tailnet-address.service.d/page.conf", "watch/page-address.conf"),
  file("/etc/nginx/conf.d/watch.conf", "watch/watch.conf", {
    PORT: PAGE_PORT,
    PROMETHEUS: prometheus,
    QUERIES: queryMaps().trimEnd(),
    QUERY,
  }),
];
