/** Pictures as SVG text, drawn by ECharts without a DOM. Colors are CSS variables of the page or file that contains them. */
import * as echarts from "echarts";

export interface Picture {
  /** Unique on its page: the ids inside the picture begin with it. */
  id: string;
  width: number;
  height: number;
  /** What the picture shows, for people who cannot see it. */
  label: string;
}

export const FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, sans-serif";
const INK = "var(--ink)";
const MUTED = "var(--muted)";
const LINE = "var(--line)";
const ACCENT = "var(--accent)";
const SHADE = "var(--shade)";
const PAPER = "var(--paper)";
const text = (color = MUTED, fontSize = 12) => ({ color, fontSize, fontFamily: FONT, textBorderWidth: 0 });

function svg(option: echarts.EChartsOption, { id, width, height, label }: Picture): string {
  const chart = echarts.init(null, null, { renderer: "svg", ssr: true, width, height });
  chart.setOption({ animation: false, ...option });
  const drawn = chart.renderToSVGString();
  // Otherwise a timer keeps the process running.
  chart.dispose();
  return (
    drawn
      // Only ECharts' own scripts in a browser use these; the counter in the ids continues from picture to picture.
      .replace(/<style[\s\S]*?<\/style>/g, "")
      .replace(/ (ecmeta_\w+|class|pointer-events)="[^"]*"/g, "")
      .replaceAll(/zr\d+-/g, `${id}-`)
      .replace(/<rect [^>]*id="0"[^>]*><\/rect>\n?/, "")
      .replace(/<defs\s*>\s*<\/defs>/, "")
      .replace(/<(\w+) >/g, "<$1>")
      .replace(/\n+/g, "\n")
      .replace(/<svg [^>]*>/, () => {
        const name = label.replaceAll("&", "&amp;").replaceAll('"', "&quot;").replaceAll("<", "&lt;");
        return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img" aria-label="${name}">`;
      })
      .trim()
  );
}

const thousands = (jobs: number) => (jobs >= 1000 ? `${Number((jobs / 1000).toPrecision(3))}k` : `${jobs}`);
const VALUE_AXIS = {
  type: "value",
  axisLine: { lineStyle: { color: LINE } },
  splitLine: { lineStyle: { color: LINE } },
  axisLabel: text(),
} as const;

export interface Curve {
  name: string;
  /** Hours since the outage began, and jobs that wait. */
  points: readonly (readonly [number, number])[];
}

export interface Backlog {
  /** The first is drawn as an area; each of the others has its own dash pattern. */
  curves: readonly Curve[];
  outageHours: number;
  untilHours: number;
  /** Vertical lines with a label: a limit, the busiest moment. */
  moments: readonly { at: number; name: string }[];
  /** A common maximum, so that several pictures have the same scale. */
  mostJobs?: number;
}

const DASHES: (number[] | "solid")[] = ["solid", [7, 4], [2, 3], [10, 3, 2, 3]];

/** Jobs that wait during an outage and after it. Each curve is labeled with its name and its peak, at its peak. */
export function backlogChart(backlog: Backlog, picture: Picture): string {
  const { curves, outageHours, untilHours, moments, mostJobs } = backlog;
  const series = curves.map(({ name, points }, i): echarts.LineSeriesOption => {
    const peak = points.reduce((most, point) => (point[1] > most[1] ? point : most));
    const peakText = `${curves.length === 1 ? "" : `${name}: `}${thousands(Math.round(peak[1]))}`;
    return {
      type: "line",
      name,
      data: points.map((point) => [...point]),
      showSymbol: false,
      silent: true,
      lineStyle: {
        color: i === 0 ? ACCENT : INK,
        width: i === 0 ? 2 : 1.5,
        type: DASHES[i % DASHES.length] ?? "solid",
      },
      ...(i === 0 ? { areaStyle: { color: ACCENT, opacity: 0.18 } } : {}),
      markPoint: {
        symbol: "circle",
        symbolSize: 6,
        itemStyle: { color: i === 0 ? ACCENT : INK },
        label: {
          ...text(INK),
          backgroundColor: PAPER,
          padding: [0, 2],
          formatter: peakText,
          // The others are drawn below the first.
          position: i === 0 ? "top" : "bottom",
          distance: 6,
        },
        data: [{ name: "peak", coord: [...peak] }],
      },
      ...(i === 0 ? { markArea: outageArea(outageHours), markLine: momentLines(moments) } : {}),
    };
  });
  return svg(
    {
      grid: { left: 8, right: 14, top: 24, bottom: 4, containLabel: true },
      xAxis: {
        ...VALUE_AXIS,
        min: 0,
        max: untilHours,
        splitLine: { show: false },
        axisTick: { show: true, lineStyle: { color: LINE } },
        interval: untilHours > 12 ? 6 : untilHours > 5 ? 2 : 1,
        axisLabel: {
          ...text(),
          formatter: (hours: number) => `${Number(hours.toFixed(1))} h`,
          showMaxLabel: false,
        },
      },
      yAxis: {
        ...VALUE_AXIS,
        min: 0,
        // Room for the label at the peak.
        ...(mostJobs === undefined ? { boundaryGap: [0, "12%"] } : { max: mostJobs }),
        splitNumber: 3,
        axisLabel: { ...text(), formatter: thousands },
      },
      series,
    },
    picture,
  );
}

const outageArea = (hours: number): echarts.MarkAreaComponentOption => ({
  silent: true,
  itemStyle: { color: SHADE, opacity: 1 },
  label: { ...text(), position: "top", distance: 5 },
  data: [[{ name: "outage", xAxis: 0 }, { xAxis: hours }]],
});

const momentLines = (moments: Backlog["moments"]): echarts.MarkLineComponentOption => ({
  silent: true,
  symbol: "none",
  lineStyle: { color: MUTED, type: [3, 3], width: 1 },
  label: { ...text(), position: "end", formatter: "{b}", distance: 5 },
  data: moments.map(({ at, name }) => ({ xAxis: at, name })),
});

export interface Budget {
  name: string;
  used: number;
  limit: number;
  /** "10.7 of 16 GiB". */
  words: string;
}

/** Usage as bars against their limits: each bar's limit is the line at 100 %. */
export function budgetChart(budgets: readonly Budget[], picture: Omit<Picture, "height">): string {
  const share = ({ used, limit }: Budget) => (limit === 0 ? 0 : (100 * used) / limit);
  const most = Math.max(100, Math.ceil(Math.max(...budgets.map(share)) / 25) * 25);
  return svg(
    {
      grid: { left: 2, right: 30, top: 22, bottom: 20 },
      xAxis: {
        ...VALUE_AXIS,
        min: 0,
        max: most,
        interval: 50,
        // They would cross the labels above the bars.
        splitLine: { show: false },
        axisLabel: { ...text(), formatter: "{value} %", showMaxLabel: most === 100 },
      },
      yAxis: {
        type: "category",
        inverse: true,
        data: budgets.map(({ name, words }) => `${name}: ${words}`),
        axisLine: { lineStyle: { color: LINE } },
        axisTick: { show: false },
        axisLabel: {
          ...text(INK, 13),
          inside: true,
          margin: 4,
          verticalAlign: "bottom",
          padding: [0, 0, 9, 0],
        },
        z: 10,
      },
      series: [
        {
          type: "bar",
          silent: true,
          data: budgets.map(share),
          barWidth: 12,
          barGap: 0,
          itemStyle: { color: ACCENT, borderColor: PAPER },
          label: {
            show: true,
            position: "right",
            ...text(INK),
            formatter: ({ value }) => `${Math.round(Number(value))} %`,
          },
          markLine: {
            silent: true,
            symbol: "none",
            lineStyle: { color: INK, type: "solid", width: 1.5 },
            label: { ...text(INK), position: "start", formatter: "limit", distance: 5 },
            data: [{ xAxis: 100 }],
          },
        },
      ],
    },
    { ...picture, height: 44 + 46 * budgets.length },
  );
}
