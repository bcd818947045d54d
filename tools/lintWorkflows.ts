/** `npm run lint:workflows`: actionlint for mistakes in the workflows, zizmor for security problems. */
import { join } from "node:path";
import { goTool } from "./goTool";
import { pypiPackage } from "./pypi";
import { attempt } from "./run";

const ROOT = join(__dirname, "..");
const ACTIONLINT = { module: "github.com/rhysd/actionlint", version: "v1.7.12", command: "cmd/actionlint" };
const ZIZMOR = { package: "zizmor", version: "1.32.0" };

async function main(): Promise<void> {
  const actionlint = join(await goTool(ACTIONLINT), "bin/actionlint");
  const zizmor = await pypiPackage(ZIZMOR);
  const workflows = join(ROOT, ".github");
  const commands = [
    // It looks for the workflows in the current folder and above.
    ["bash", "-c", 'cd "$1" && exec "$2"', "bash", ROOT, actionlint],
    // Offline: its questions to GitHub would need a token. The findings that the persona "auditor" adds need a person's judgment.
    [join(zizmor, "bin/zizmor"), "--offline", "--persona", "pedantic", "--no-progress", workflows],
  ];
  for (const command of commands) {
    const { code, stdout, stderr } = await attempt(command);
    process.stdout.write(stdout);
    if (code === 0) continue;
    process.stderr.write(stderr);
    process.exitCode = 1;
  }
}

main().catch((error: Error) => {
  console.error(error.message);
  process.exitCode = 1;
});
