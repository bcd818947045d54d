/** The Pulumi CLI: the one on PATH, otherwise one built from its Go module. `npm run pulumi:cli` prints which. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { PulumiCommand } from "@pulumi/pulumi/automation";
import { goTool } from "../../tools/goTool";
import { attempt } from "../../tools/run";

/**
 * The workflows install the same version: the newest that builds from the module proxy alone, and the one that everything here was run
 * with.
 */
const VERSION = `v${readFileSync(join(__dirname, "../../.pulumi.version"), "utf8").trim()}`;

/** Takes minutes if it has to be built first. */
export async function pulumiCli(): Promise<PulumiCommand> {
  const { code } = await attempt(["bash", "-c", "command -v pulumi"]);
  return code === 0 ? PulumiCommand.get() : PulumiCommand.get({ root: await builtCli() });
}

function builtCli(): Promise<string> {
  return goTool({
    module: "github.com/pulumi/pulumi/pkg/v3",
    version: VERSION,
    command: "cmd/pulumi",
    requires: { "github.com/pulumi/pulumi/sdk/v3": VERSION },
    replaces: {
      "github.com/atotto/clipboard": "github.com/tgummerer/clipboard v0.0.0-20241001131231-d02d263e614e",
    },
    // The Automation API refuses a CLI that does not know its own version.
    linkerFlags: `-s -w -X github.com/pulumi/pulumi/sdk/v3/go/common/version.Version=${VERSION}`,
  });
}

if (require.main === module) {
  pulumiCli().then(
    ({ command, version }) => console.log(`${command} ${version}`),
    (error: Error) => {
      console.error(error.message);
      process.exitCode = 1;
    },
  );
}
