/** The page's questions to Prometheus, as nginx asks them: by name, so that nobody can ask another. */
import { type Curve, FACTS, SECTIONS } from "./panels";

/** A day at a point every five minutes: as many as a phone has pixels for. */
const DAY = "[1d:5m]";

/** The label by which the page finds a curve in an answer. */
const named = (expression: string, name: string) =>
  `label_replace(${expression}, "curve", "${name}", "", "")`;

const curvesOf = (value: (curve: Curve) => string) =>
  SECTIONS.map(({ name, panels }) => ({
    name,
    asked: panels.flatMap((panel) =>
      panel.curves.map((curve) => named(value(curve), `${panel.name}.${curve.name}`)),
    ),
  }));

/** Expressions by the path that stands for them. */
export const QUERIES: Readonly<Record<string, string>> = {
  ...Object.fromEntries(
    curvesOf(({ now, day = now }) => day).map(({ name, asked }) => [
      `/day/${name}`,
      `(${asked.join(" or ")})${DAY}`,
    ]),
  ),
  "/now": [
    ...curvesOf(({ now }) => now).flatMap(({ asked }) => asked),
    ...Object.entries(FACTS).map(([name, expression]) => named(expression, name)),
  ].join(" or "),
};

/** nginx refuses a word of more than 4,096 characters, so each query is put together from parts. */
const MOST_LETTERS = 4000;

/** What is not a letter or a digit is encoded, so a quoted word of nginx' can hold it. */
const partsOf = (query: string) =>
  encodeURIComponent(query).match(new RegExp(`.{1,${MOST_LETTERS}}`, "g")) ?? [];

const parts = Object.entries(QUERIES).map(([path, query]) => [path, partsOf(query)] as const);
const variables = Array.from(
  { length: Math.max(...parts.map(([, { length }]) => length)) },
  (_, i) => `$watch_query_${i}`,
);

/** Maps from the path to the parts of its query. */
export const queryMaps = (): string =>
  variables
    .map((variable, i) => {
      const entries = parts
        .filter(([, { [i]: part }]) => part)
        .map(([path, found]) => `  ${path} "${found[i]}";\n`);
      return `map $uri ${variable} {\n${entries.join("")}}\n`;
    })
    .join("");

/** The query of a path, put together; empty for any other path. */
export const QUERY = variables.join("");
