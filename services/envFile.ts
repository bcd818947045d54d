/** Environment files that the shell and systemd's EnvironmentFile= read alike. */

/**
 * One `NAME='value'` a line: inside single quotes only the single quote itself needs care. Not for docker compose, which
 * takes a backslash before the closing quote for an escape (seen with 2.26).
 *
 * @throws Error on a value that no single quoting carries through both readers: one with a line break or a single quote
 *   (settings and secrets with those are refused before)
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
