// One picture: curves of a day on uPlot, a legend that says the values in words, and what the picture shows for those who do not see it.
import { clock, FORMATS } from "./format.js";

// Curves are told apart by their strokes, not only by their colors.
const STROKES = {
  first: { color: "--accent", width: 2, dash: [] },
  second: { color: "--second", width: 2, dash: [2, 3] },
  limit: { color: "--ink", width: 1.25, dash: [10, 4] },
  plan: { color: "--plan", width: 2, dash: [8, 3, 2, 3] },
};
// Steps of the vertical axis: people count time in minutes and hours, and bytes in powers of two.
const decades = Array.from({ length: 12 }, (_, i) => [1, 2, 5].map((digit) => digit * 10 ** i)).flat();
const minutes = [60, 120, 300, 600, 1200, 1800];
const hours = [3600, 7200, 14400, 21600, 43200, 86400, 172800, 604800];
const STEPS = {
  seconds: [0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 30, ...minutes, ...hours],
  bytes: Array.from({ length: 46 }, (_, i) => 2 ** i),
  count: decades,
  other: [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.25, 0.5, ...decades],
};
const HEIGHT = 120;
const SYNC = "day";

export const element = (name, properties = {}, ...children) => {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children);
  return made;
};

function sample({ width, dash }, color) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  const line = document.createElementNS("http://www.w3.org/2000/svg", "line");
  svg.setAttribute("viewBox", "0 0 26 10");
  svg.setAttribute("aria-hidden", "true");
  for (const [name, value] of Object.entries({
    x1: 0,
    x2: 26,
    y1: 5,
    y2: 5,
    stroke: color,
    "stroke-width": width,
    "stroke-dasharray": dash.join(" "),
  }))
    line.setAttribute(name, value);
  svg.append(line);
  return svg;
}

export class Chart {
  // panel: { title, unit, curves: [{ says, stroke }] }; heading: what it is called on the page, a figcaption or a heading above it
  constructor(panel, heading) {
    this.panel = panel;
    this.picture = element("div", { className: "picture" });
    this.picture.setAttribute("role", "img");
    this.picture.setAttribute("aria-label", `${panel.title}: no measurement yet`);
    this.time = element("span", { className: "words" });
    // Not a part of the name.
    this.time.setAttribute("aria-hidden", "true");
    heading.append(this.time);
    this.values = panel.curves.map(() => element("b"));
    this.most = element("span");
    this.legend = element("ul", { className: "legend" });
    this.words = element("p", { className: "words", textContent: "No measurement yet." });
    this.figure = element(
      "figure",
      {},
      ...(heading.localName === "figcaption" ? [heading] : []),
      this.picture,
      this.legend,
      this.words,
    );
  }

  // times: seconds; rows: values or null, one row for each curve; since: when a curve was last measured, undefined if it is now
  show({ times, rows, since, words }) {
    Object.assign(this, { times, rows, since });
    this.words.textContent = words;
    this.write(undefined);
    this.picture.setAttribute("aria-label", this.inWords());
    if (this.plot) this.plot.setData([times, ...rows]);
    else this.draw();
    // Where the plan has nothing to draw, its name would only puzzle.
    for (const [i, row] of rows.entries())
      this.legend.children[i].hidden = this.isPlan(i) && row.every((value) => value === null);
  }

  get format() {
    return FORMATS[this.panel.unit];
  }

  draw() {
    this.plot?.destroy();
    const style = getComputedStyle(document.documentElement);
    const color = (name) => style.getPropertyValue(name);
    const axis = {
      stroke: color("--muted"),
      grid: { stroke: color("--line"), width: 1 },
      ticks: { show: false },
      font: "12px system-ui, sans-serif",
    };
    const { unit, curves } = this.panel;
    this.legend.replaceChildren(
      ...curves.map(({ says, stroke }, i) =>
        element("li", {}, sample(STROKES[stroke], color(STROKES[stroke].color)), `${says} `, this.values[i]),
      ),
    );
    this.legend.firstChild.append(this.most);
    this.plot = new uPlot(
      {
        width: this.width,
        height: HEIGHT,
        legend: { show: false },
        cursor: { y: false, drag: { x: false, y: false }, sync: { key: SYNC }, points: { size: 7 } },
        scales: {
          x: { range: () => [this.times.at(-1) - 86400, this.times.at(-1)] },
          y: {
            range: (_, __, most) => [
              0,
              unit === "share" ? 1 : Math.max(most * 1.08, unit === "count" ? 4 : 0.01),
            ],
          },
        },
        axes: [
          { ...axis, size: 26, gap: 8, space: 48, values: (_, splits) => splits.map(clock) },
          {
            ...axis,
            size: 62,
            gap: 4,
            space: 28,
            incrs: STEPS[unit] ?? STEPS.other,
            values: (_, splits) => splits.map((value) => this.format(value)),
          },
        ],
        series: [
          {},
          ...curves.map(({ stroke }) => {
            const { color: name, width, dash } = STROKES[stroke];
            return {
              stroke: color(name),
              width,
              dash,
              ...(stroke === "first" ? { fill: color("--fill") } : {}),
              // A curve with a few values would be lines that nobody sees.
              points: {
                show: (plot, row) => plot.data[row].filter((value) => value !== null).length < 12,
                size: 4,
              },
            };
          }),
        ],
        hooks: { setCursor: [({ cursor: { idx, left } }) => this.write(left >= 0 ? idx : undefined)] },
      },
      [this.times, ...this.rows],
      this.picture,
    );
  }

  // Before any is drawn: after each the browser would lay out the page again.
  measure() {
    this.width = this.picture.clientWidth;
  }

  fit() {
    this.measure();
    if (this.plot) this.plot.setSize({ width: this.width, height: HEIGHT });
  }

  // The values at the cursor, or those of now.
  write(at) {
    this.time.textContent = at === undefined ? "" : ` at ${clock(this.times[at])}`;
    const known = this.rows[0].filter((value) => value !== null);
    this.most.textContent =
      at === undefined && known.length > 0 ? `, most ${this.format(Math.max(...known))}` : "";
    for (const [i, row] of this.rows.entries()) {
      const value = at === undefined ? row.at(-1) : row[at];
      const known = value !== null && value !== undefined;
      this.values[i].textContent = known
        ? this.format(value)
        : this.isPlan(i)
          ? ""
          : at === undefined
            ? this.missing(i)
            : "–";
    }
  }

  isPlan(i) {
    return this.panel.curves[i].stroke === "plan";
  }

  missing(i) {
    const since = this.since[i];
    return since === undefined ? "no measurement since yesterday" : `no measurement since ${clock(since)}`;
  }

  inWords() {
    const parts = this.rows.map((row, i) => {
      const { says, stroke } = this.panel.curves[i];
      const known = row.filter((value) => value !== null);
      const last = row.at(-1);
      if (stroke === "plan" && known.length === 0) return undefined;
      const now = last === null ? this.missing(i) : `${this.format(last)} now`;
      return stroke === "limit" || stroke === "plan" || known.length === 0
        ? `${says} ${stroke === "plan" ? this.format(Math.max(...known)) : now}`
        : `${says} ${now}, at most ${this.format(Math.max(...known))} in a day`;
    });
    return `${this.panel.title}: ${parts.filter(Boolean).join("; ")}`;
  }
}
