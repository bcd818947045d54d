/** What a new stack imports after the old one's state was lost, as docs/operations.md has it ("The state is lost"). */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { EngineStack } from "./engineStack";

const RUNBOOK = join(__dirname, "../../docs/operations.md");

interface Import {
  type: string;
  name: string;
  id: string;
  component: string;
}

/** The runbook's lines `take TYPE NAME ID COMPONENT`, with these buckets. */
export function importsInRunbook(buckets: { mediaBucket: string; backupBucket: string }): Import[] {
  const [, section = ""] = readFileSync(RUNBOOK, "utf8").split("### The state is lost\n");
  const lines = [...section.matchAll(/^ *take (\S+) (\S+) (\S+) (\S+)$/gm)];
  return lines.map(([, type = "", name = "", id = "", component = ""]) => ({
    type,
    name,
    id: id.replace("MEDIA_BUCKET", buckets.mediaBucket).replace("BACKUP_BUCKET", buckets.backupBucket),
    component,
  }));
}

/** @throws Error with the CLI's words, if one cannot be imported */
export async function takeOver(engine: EngineStack, imports: readonly Import[]): Promise<void> {
  for (const { type, name, id, component } of imports) {
    const urns = await engine.urns();
    // As the runbook's urn() does: the first of that name.
    const urn = (one: string) => urns.find((candidate) => candidate.endsWith(`::${one}`));
    const at = ["--parent", `parent=${urn(component)}`, "--provider", `provider=${urn("aws")}`];
    const { code, stderr } = await engine.cli(
      "import",
      type,
      name,
      id,
      ...at,
      "--generate-code=false",
      "--yes",
    );
    if (code !== 0) throw new Error(stderr);
  }
}
