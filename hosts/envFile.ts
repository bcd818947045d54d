/** Environment files that the shell, systemd's EnvironmentFile= and docker compose's env_file all read alike. */

/**
 * One `NAME='value'` a line. Single quotes because compose strips quotes, interpolates `$name` and starts a comment at
 * ` #` elsewhere (seen with compose 2.26); inside them only the single quote itself needs care.
 *
 * @throws Error on a value that no single quoting carries through all three readers: one with a line break or a
 *   single quote (settings and secrets with those are refused before)
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
