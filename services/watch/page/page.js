// Asks main's Prometheus, by way of nginx, and shows a day. Nothing is asked of anybody else.
import { ask, daysOf, Now } from "./answers.js";
import { Chart, element } from "./chart.js";
import { clock } from "./format.js";
import { backlogWords, latencyWords, planned } from "./model.js";
import { factsOf, stateOf } from "./words.js";

const { site, sections, sources } = WATCH;
const DAY = 86400;
const STEP = 300;
const EVERY_SECONDS = 60;

const $ = (id) => document.getElementById(id);

// One of each for a picture: its panel, and the values of the labels that it is for.
const pictures = [];

function picture(section, panel, group, heading) {
  const strokes = panel.curves.map(({ limit }, i) => (limit ? "limit" : i === 0 ? "first" : "second"));
  const curves = panel.curves.map((curve, i) => ({ ...curve, stroke: strokes[i] }));
  if (panel.plan) curves.push({ name: "plan", says: "plan", stroke: "plan" });
  const chart = new Chart({ ...panel, curves }, heading);
  pictures.push({ section, panel, group, chart });
  return chart.figure;
}

function rowsOf({ section, panel, group }, times, days, now) {
  const asked = panel.curves.map(({ name }) => `${panel.name}.${name}`);
  const rows = asked.map((name) => {
    const day = days.get(`${name} ${group}`) ?? new Map();
    return times.map((time, i) =>
      i === times.length - 1 ? now.curve(name, group) : (day.get(time) ?? null),
    );
  });
  const since = rows.map((row) => {
    const last = row.findLastIndex((value) => value !== null);
    return last === row.length - 1 || last < 0 ? undefined : times[last];
  });
  return { section, rows, since };
}

// As many as a screen shows are painted before the next are drawn.
const SCREEN = 6;
const painted = () => new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)));
// For the test of how fast it is.
const marked = () => performance.getEntriesByName("curves").length > 0 || performance.mark("curves");

async function drawSection(section, days, now, prediction) {
  const newest = now.time;
  const first = Math.ceil((newest - DAY) / STEP) * STEP;
  const times = [];
  for (let time = first; time < newest; time += STEP) times.push(time);
  times.push(newest);
  const own = pictures.filter((each) => each.section === section);
  for (const { chart } of own) chart.measure();
  for (const [i, one] of own.entries()) {
    const { rows, since } = rowsOf(one, times, days, now);
    let words = "";
    if (one.panel.plan) rows.push(planned(one.panel, one.group, times, rows, prediction));
    const queue = prediction.queues[one.group];
    if (one.panel.plan === "course") words = backlogWords({ times }, rows.at(-1), queue, prediction);
    else if (section.name === "queues") words = latencyWords(queue);
    else if (one.panel.plan) words = "Plan: at the busy hour.";
    one.chart.show({ times, rows, since, words });
    if (i % SCREEN === SCREEN - 1) {
      await painted();
      marked();
    }
  }
}

// Sources that do not answer, and since when.
function silentOf(now) {
  return sources
    .filter((source) => now.one("up", { source }) !== 1)
    .map((source) => {
      const seen = now.one("seen", { source });
      return `${source}: no measurement since ${seen === undefined ? "yesterday" : clock(seen)}`;
    });
}

function showAlarms(alarms) {
  const firing = alarms?.data.alerts.filter(({ state }) => state === "firing");
  // The watchdog is always raised: without it nobody looks.
  const known = firing?.some(({ labels }) => labels.alertname === "Watchdog");
  const raised = (firing ?? []).filter(({ labels }) => labels.alertname !== "Watchdog");
  const order = (one) => (one.labels.severity === "critical" ? 0 : 1);
  raised.sort((a, b) => order(a) - order(b));
  const list = raised.map(({ labels, annotations, activeAt }) =>
    element(
      "li",
      {},
      element("b", { textContent: `${labels.severity}: ${labels.alertname}` }),
      ` since ${clock(Date.parse(activeAt) / 1000)}. ${annotations.summary}`,
    ),
  );
  $("alarms").replaceChildren(
    ...(known
      ? list.length > 0
        ? [element("ul", {}, ...list)]
        : [element("p", { textContent: "No alarm is raised." })]
      : [element("p", { className: "notice", textContent: "Whether alarms are raised is not known." })]),
  );
  document.title = `${known ? (list.length > 0 ? `${list.length} alarm${list.length > 1 ? "s" : ""}` : "Watch") : "?"} · ${site}`;
}

function showNow(now) {
  $("facts").replaceChildren(
    ...factsOf(now).map(([name, says]) =>
      element("div", {}, element("dt", { textContent: name }), element("dd", { textContent: says })),
    ),
  );
  for (const { queue, card, state } of cards) {
    const { late, says } = stateOf(queue, now);
    card.classList.toggle("late", late);
    state.textContent = says;
  }
}

let answered;
function status(now, trouble) {
  const parts = [];
  if (now) {
    answered = now.time;
    const silent = silentOf(now);
    parts.push(`Measured at ${clock(now.time)}. A day, in five-minute steps.`);
    if (silent.length > 0)
      parts.push(element("span", { className: "notice", textContent: ` Missing: ${silent.join("; ")}.` }));
  } else {
    const old = answered === undefined ? "" : ` since ${clock(answered)}: what is shown is that old`;
    parts.push(element("span", { className: "notice", textContent: `No measurement${old}. ${trouble}` }));
  }
  $("measured").replaceChildren(...parts);
}

async function refresh() {
  // All at once: on a tailnet over a relay each round takes a while.
  const alarms = ask("alarms").then(showAlarms, () => showAlarms(undefined));
  const days = sections.map(({ name }) => ask(`day/${name}`));
  for (const one of days) one.catch(() => {});
  try {
    const [answer, prediction] = await Promise.all([ask("now"), ask("prediction.json")]);
    const now = new Now(answer);
    if (now.time === undefined) throw new Error("Prometheus has measured nothing.");
    status(now);
    showNow(now);
    for (const [i, section] of sections.entries()) {
      await drawSection(section, daysOf(await days[i]), now, prediction);
    }
  } catch (error) {
    status(undefined, error.name === "TypeError" ? "Main does not answer." : error.message);
  }
  await alarms;
}

const heading = (textContent) => element("h3", { textContent });

// Queues have a card each, with all of their pictures; elsewhere each picture has one.
const cards = [];
function queueCards(section) {
  const [{ groups }] = section.panels;
  return groups.map((queue) => {
    const state = element("p", { className: "state" });
    const own = section.panels.map((panel) =>
      picture(section, panel, queue, element("figcaption", { textContent: panel.title })),
    );
    const card = element("article", { className: "card" }, heading(queue), state, ...own);
    cards.push({ queue, card, state });
    return card;
  });
}
const plainCards = (section) =>
  section.panels.flatMap((panel) =>
    panel.groups.map((group) => {
      const title = heading(group ? `${panel.title}: ${group}` : panel.title);
      return element("article", { className: "card" }, title, picture(section, panel, group, title));
    }),
  );
for (const section of sections) {
  const made = section.name === "queues" ? queueCards(section) : plainCards(section);
  const grid = element("div", { className: "cards" }, ...made);
  $("sections").append(element("section", {}, element("h2", { textContent: section.title }), grid));
}
$("site").textContent = site;

let width = $("sections").clientWidth;
new ResizeObserver(([{ contentRect }]) => {
  // Each curve that is drawn changes the height.
  if (contentRect.width === width) return;
  width = contentRect.width;
  for (const { chart } of pictures) chart.fit();
}).observe($("sections"));
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
  for (const { chart } of pictures) if (chart.plot) chart.draw();
});
// A page that nobody looks at asks nothing.
setInterval(() => document.hidden || refresh(), EVERY_SECONDS * 1000);
document.addEventListener("visibilitychange", () => document.hidden || refresh());
refresh();
