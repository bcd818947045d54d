/** Which stack files the workflows take for stacks, in a repository as a user has it. */
import { execFileSync } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { goneSince, hasEnvironment, stacksOf } from "../../github/stacks";
import { EXAMPLES, type Example, exampleFile } from "../../settings/stackFile/examples";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "stacks-"));
  cpSync(join(__dirname, "../../Pulumi.yaml"), join(folder, "Pulumi.yaml"));
  for (const name of EXAMPLES) cpSync(exampleFile(name), join(folder, `Pulumi.${name}.yaml`));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const write = (file: string, text: string) => writeFileSync(join(folder, file), text);
/** An example with a domain of one's own, and what `pulumi config set` adds to it. */
const own = (example: Example, more = "") =>
  readFileSync(exampleFile(example), "utf8").replaceAll(/[\w.]+\.example\b/g, "social.kombi.org") + more;
const SECRET = "  mastodon-hosting:digitaloceanToken:\n    secure: AAABAKx\n";

test("in a fresh clone there is none: nobody can have deployed the examples", () => {
  expect(stacksOf(folder)).toEqual({ own: [], examples: [...EXAMPLES], ignored: [] });
});

test("a stack of one's own, with secrets, is the only one beside the untouched examples", () => {
  write("Pulumi.live.yaml", own("small", SECRET));
  expect(stacksOf(folder)).toEqual({ own: ["live"], examples: [...EXAMPLES], ignored: [] });
});

test("prod and staging edited in place are stacks, the unprotected one first", () => {
  write("Pulumi.prod.yaml", own("prod", SECRET));
  const quoted = own("staging", SECRET).replace("protect: false", 'protect: "false"');
  write("Pulumi.staging.yaml", quoted);
  expect(quoted).toContain('protect: "false"');
  expect(stacksOf(folder)).toEqual({ own: ["staging", "prod"], examples: ["small"], ignored: [] });
});

test("a file that is refused, one with a dot in its name and one with an environment are not passed over", () => {
  write("Pulumi.broken.yaml", "config: [");
  write("Pulumi.live.eu.yaml", own("small"));
  write("Pulumi.cloud.yaml", "environment:\n  - mastodon/live\n");
  expect(stacksOf(folder).own).toEqual(["broken", "cloud", "live.eu"]);
  expect(["broken", "cloud", "live.eu"].filter((stack) => hasEnvironment(folder, stack))).toEqual(["cloud"]);
});

test("a file that Pulumi would not read is named", () => {
  write("Pulumi.live.yml", own("small"));
  write("Pulumi.live.yaml.bak", own("small"));
  expect(stacksOf(folder)).toEqual({
    own: [],
    examples: [...EXAMPLES],
    ignored: ["Pulumi.live.yml: Pulumi reads Pulumi.live.yaml only"],
  });
});

test("a stack whose file a pull request deletes is named; an example that goes is not", () => {
  write("Pulumi.live.yaml", own("small", SECRET));
  const git = (...args: string[]) =>
    execFileSync("git", ["-c", "user.name=a", "-c", "user.email=a@b.c", ...args], { cwd: folder });
  git("init", "-q");
  git("add", ".");
  git("commit", "-qm", "before");
  expect(goneSince(folder, "HEAD")).toEqual([]);
  for (const stack of ["live", "small"]) rmSync(join(folder, `Pulumi.${stack}.yaml`));
  expect(goneSince(folder, "HEAD")).toEqual(["live"]);
});
