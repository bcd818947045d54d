/** Tables in GitHub's Markdown. */

/** A bar inside a cell must not end the cell. */
const cell = (text: string | number) => String(text).replaceAll("|", "\\|");
const row = (cells: readonly (string | number)[]) => `| ${cells.map(cell).join(" | ")} |`;

/** Lines of a table; cells are already Markdown. */
export const markdownTable = (
  head: readonly string[],
  rows: readonly (readonly (string | number)[])[],
): string[] => [row(head), `|${"---|".repeat(head.length)}`, ...rows.map(row)];
