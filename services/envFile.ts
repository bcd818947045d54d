/** Environment files that a shell and systemd's EnvironmentFile= read alike. */

/**
 * One `NAME='value'` per line: inside single quotes only the single quote itself needs care. Not for docker compose, which reads a
 * backslash before the closing quote as an escape (seen with 2.26).
 *
 * @throws Error on a line break or a single quote, which no quoting carries through both readers (settings and secrets with those are
 *   refused earlier)
 */
export function envFile(values: Readonly<Record<string, string | number | boolean | undefined>>): string {
  const lines = Object.entries(values)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => {
      const text = String(value);
      if (/['\n\r\0]/.test(text))
        throw new Error(`${name}: a value with a single quote or a line break fits no env file`);
      return `${name}='${text}'\n`;
    });
  return lines.join("");
}
