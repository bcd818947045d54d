/** Tables as GitHub reads them. */

/** A cell's own bars end no cell. */
const cell = (text: string | number) => String(text).replaceAll("|", "\\|");
const row = (cells: readonly (string | number)[]) => `| ${cells.map(cell).join(" | ")} |`;

/** Lines of a table; a cell is Markdown already. */
export const markdownTable = (
  head: readonly string[],
  rows: readonly (readonly (string | number)[])[],
): string[] => [row(head), `|${"---|".repeat(head.length)}`, ...rows.map(row)];
