/** Scripts on the old server that have to succeed. */
import { UsageError } from "../../tools/commandLine";
import { factLines } from "./factLines";
import { lastWords } from "./onMain";
import { there, type Where } from "./there";

/**
 * @param timeout seconds
 * @returns what it printed: name → values
 * @throws UsageError with what it said
 */
export async function onOld(
  where: Where,
  name: string,
  timeout: number,
  variables?: Readonly<Record<string, string>>,
): Promise<Map<string, string[]>> {
  const { code, stdout, stderr } = await there(name, where, timeout, variables);
  if (code !== 0) throw new UsageError(`${where.host}: ${lastWords(stderr) || `${name} ended with ${code}`}`);
  return factLines(stdout);
}
