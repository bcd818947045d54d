/** `npm run settings`: writes everything that is generated from settings/schema/, services/ and the formulas of fleet/. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { statusSchema } from "../operations/status/schema";
import { planSchema } from "../plan/schema";
import { runCommand } from "../tools/commandLine";
import { alarmsTable } from "./alarmsTable";
import { dashboard } from "./dashboard";
import { servicesTable } from "./servicesTable";
import { pulumiYaml, secretsTable, settingsTable, stackFileSchema } from "./settingsPages";
import { sizesPage } from "./sizesPage";

const ROOT = join(__dirname, "..");

/** Replaces what is between `<!-- NAME -->` and `<!-- /NAME -->`. */
function between(text: string, name: string, content: string): string {
  const [open, close] = [`<!-- ${name} -->`, `<!-- /${name} -->`];
  const start = text.indexOf(open);
  const end = text.indexOf(close);
  if (start < 0 || end < start) throw new Error(`a generated page of docs/ lacks ${open} … ${close}`);
  return `${text.slice(0, start + open.length)}\n${content}\n${text.slice(end)}`;
}

const json = (value: object) => `${JSON.stringify(value, null, 2)}\n`;

/** File (relative to the project's root) → the text that settings/schema/ gives it. */
export function generatedFiles(): Record<string, string> {
  const page = (name: string) => readFileSync(join(ROOT, "docs", name), "utf8");
  return {
    "Pulumi.yaml": pulumiYaml(),
    "docs/settings.md": between(
      between(page("settings.md"), "settings", settingsTable()),
      "secrets",
      secretsTable(),
    ),
    "settings/stack.schema.json": json(stackFileSchema()),
    "plan/plan.schema.json": json(z.toJSONSchema(planSchema)),
    "operations/status/status.schema.json": json(z.toJSONSchema(statusSchema)),
    "docs/sizes.md": sizesPage(),
    "docs/hosts.md": between(page("hosts.md"), "services", servicesTable()),
    "docs/watching.md": between(page("watching.md"), "alarms", alarmsTable()),
    "docs/grafana/mastodon.json": json(dashboard()),
  };
}

const HELP = `npm run settings

Writes what is generated from settings/schema/, services/ and the formulas of fleet/: Pulumi.yaml, docs/settings.md, docs/hosts.md,
docs/sizes.md, docs/watching.md, docs/grafana/mastodon.json and three JSON schemas.
`;

if (require.main === module)
  runCommand({ help: HELP, options: {} }, () => {
    for (const [file, text] of Object.entries(generatedFiles())) writeFileSync(join(ROOT, file), text);
  });
