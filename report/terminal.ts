/** Text for a terminal: tables, and lines that are not too long. */

/** Columns padded to their widest cell; numbers are right-aligned. */
export function table(rows: readonly (readonly (string | number)[])[], indent = "  "): string[] {
  const widths =
    rows[0]?.map((_, column) => Math.max(...rows.map((row) => String(row[column] ?? "").length))) ?? [];
  return rows.map((row) =>
    `${indent}${row
      .map((cell, column) => {
        const width = widths[column] ?? 0;
        return typeof cell === "number" || /^\$/.test(String(cell))
          ? String(cell).padStart(width)
          : String(cell).padEnd(width);
      })
      .join("  ")}`.trimEnd(),
  );
}

export const WIDTH = 100;

/**
 * Lines of at most WIDTH characters, all indented.
 *
 * @param first the first line's indent, if it differs
 */
export function wrapped(text: string, indent: string, first = indent): string[] {
  const lines: string[] = [];
  let [line, empty] = [first, true];
  for (const word of text.split(" ")) {
    if (!empty && line.length + word.length + 1 > WIDTH) {
      lines.push(line);
      [line, empty] = [indent, true];
    }
    line += empty ? word : ` ${word}`;
    empty = false;
  }
  return [...lines, line];
}

export const heading = (text: string) => ["", text, "─".repeat(text.length)];
