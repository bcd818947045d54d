/** HTML from templates: inserted values are escaped unless they are HTML already. */

class Html {
  constructor(private readonly markup: string) {}
  toString(): string {
    return this.markup;
  }
}

export type { Html };

type Part = string | number | Html | readonly Part[];

const ESCAPES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

export const escaped = (text: string) => text.replace(/[&<>"']/g, (character) => ESCAPES[character] ?? "");

function markup(part: Part): string {
  if (part instanceof Html) return part.toString();
  return Array.isArray(part) ? part.map(markup).join("") : escaped(String(part));
}

/** Tag of a template: html`<b>${text}</b>`. */
export const html = (strings: TemplateStringsArray, ...parts: Part[]): Html =>
  new Html(String.raw({ raw: strings }, ...parts.map(markup)));

/** Markup from this program, inserted unchanged. */
export const asIs = (text: string) => new Html(text);

/** Text from this program, with names in backticks. */
export const prose = (text: string): Part =>
  text.split("`").map((part, i) => (i % 2 === 1 ? html`<code>${part}</code>` : part));

export interface Column {
  title: string;
  /** Numbers are right-aligned. */
  number?: boolean;
}

/** The first cell of a row names it. @param sum a last row, set apart from the others */
export function table(
  caption: string,
  columns: readonly Column[],
  rows: readonly (readonly Part[])[],
  sum?: readonly Part[],
): Html {
  const css = (i: number) => asIs(columns[i]?.number ? ' class="number"' : "");
  const row = ([first = "", ...rest]: readonly Part[]) =>
    html`<tr><th scope="row">${first}</th>${rest.map((cell, i) => html`<td${css(i + 1)}>${cell}</td>`)}</tr>`;
  return html`<table aria-label="${caption}">
<thead><tr>${columns.map(({ title }, i) => html`<th scope="col"${css(i)}>${title}</th>`)}</tr></thead>
<tbody>
${rows.map(row)}
</tbody>
${sum ? html`<tfoot>${row(sum)}</tfoot>\n` : ""}</table>`;
}
