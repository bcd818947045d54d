/** What scripts on the old server print: lines of a name and a value in base64. */

/**
 * Name → values, those of one name in their order.
 *
 * @throws Error if the script did not come to its end
 */
export function factLines(output: string): Map<string, string[]> {
  const facts = new Map<string, string[]>();
  for (const line of output.split("\n")) {
    const [, name, value] = /^([\w.-]+) ([A-Za-z0-9+/=]*)$/.exec(line) ?? [];
    if (name === undefined) continue;
    facts.set(name, [...(facts.get(name) ?? []), Buffer.from(value ?? "", "base64").toString("utf8")]);
  }
  if (!facts.has("end"))
    throw new Error("The script ended early: the connection broke, or bash is older than 4.");
  return facts;
}
