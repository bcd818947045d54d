/** No secret in plain text in what the engine keeps, shows or tells. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Run } from "../../doubles/engine/engineStack";
import { GitHubDouble } from "../github/githubDouble";
import { GIVEN_SECRETS, type Lab, lab, succeeded } from "./lab";

let prod: Lab;
const github = new GitHubDouble();
/** Where it was seen → all that was there. */
const seen: Record<string, string> = {};

beforeAll(async () => {
  prod = await lab();
  const { engine } = prod;
  const preview = succeeded(await engine.preview({ diff: true }));
  const up = succeeded(await engine.up({ diff: true }));
  // A change that touches every machine shows the properties that hold secrets.
  engine.edit((settings) => {
    settings.extraEnv = { DEEPL_PLAN: "free" };
  });
  const change = succeeded(await engine.preview({ diff: true }));
  Object.assign(seen, {
    "preview's output": preview.output,
    "preview's events": events(preview),
    "up's output": up.output,
    "up's events": events(up),
    "a change's preview": change.output,
    "a change's events": events(change),
    "the state": engine.stored(),
    "the exported state": (await engine.cli("stack", "export")).stdout,
    "the outputs": (await engine.cli("stack", "output", "--json")).stdout,
    "the graph of resources": (await engine.cli("stack", "--show-ids", "--show-urns")).stdout,
    "a log": logged(await engine.cli("preview", "--diff", "--logtostderr", "-v=1")),
  });
  await seenOnAPullRequest();
});
afterAll(() => {
  prod.remove();
  github.stop();
});

/** What the workflows write where everybody who may read the repository can read it. */
async function seenOnAPullRequest(): Promise<void> {
  await github.start();
  const { engine } = prod;
  expect(await engine.script("plan/cli.ts", ["--stack", "prod"])).toMatchObject({ code: 0 });
  const folder = join(engine.stack.workspace.workDir, "plan/prod");
  for (const file of readdirSync(folder)) seen[file] = readFileSync(join(folder, file), "utf8");
  expect(Object.keys(seen)).toEqual(expect.arrayContaining(["plan.html", "plan.md"]));
  const run = await engine.script(
    "github/cli.ts",
    ["preview", "--stack", "prod", "--pull-request", "7", "--commit", "c0ffee"],
    github.environment,
  );
  expect(run).toMatchObject({ code: 0 });
  seen["a workflow's log"] = logged(run);
  seen["a pull request's comment"] = github.comments.map(({ body }) => body).join("\n");
}

const logged = ({ stdout, stderr }: { stdout: string; stderr: string }) => stdout + stderr;

/**
 * What is shown, stored or sent. Debugging is not: with `--debug`, and with `-v` from 2 or 3 on, the engine and the SDK print whole requests, secrets
 * included, and the runbook says so.
 */
const events = ({ events: all }: Run) =>
  JSON.stringify(all.filter(({ diagnosticEvent }) => (diagnosticEvent?.severity as string) !== "debug"));

/** Every secret that was given, made or minted, by where it is from. */
async function secrets(): Promise<Map<string, string>> {
  const { cloud, engine } = prod;
  const { deployment } = await engine.stack.exportStack();
  const resources = deployment.resources as { urn: string; outputs?: Record<string, unknown> }[];
  const found = new Map<string, string>(Object.entries(GIVEN_SECRETS).map(([name, value]) => [value, name]));
  const of = (name: string, property: string) => {
    const value = resources.find(({ urn }) => urn.endsWith(`::${name}`))?.outputs?.[property];
    // An export in the clear wraps what is secret.
    const { plaintext } = (value ?? {}) as { plaintext?: string };
    if (plaintext === undefined) throw new Error(`${name}.${property} is no secret in the state`);
    found.set(JSON.parse(plaintext) as string, `${name}.${property}`);
  };
  for (const { urn } of resources) {
    const name = urn.split("::").at(-1) ?? "";
    if (urn.includes(":RandomPassword::")) of(name, "result");
    if (urn.includes(":RandomBytes::")) for (const property of ["hex", "base64"]) of(name, property);
    if (urn.includes(":PrivateKey::")) {
      of(name, "privateKeyPem");
      // What goes to the machines, and to whoever connects to them.
      if (!name.endsWith("-vapid")) of(name, "privateKeyOpenssh");
    }
    if (urn.includes("TailnetKey::")) of(name, "key");
    if (urn.includes(":AccessKey::")) of(name, "secret");
  }
  expect(cloud.tailnet.list()).toHaveLength(3);
  return found;
}

/** A secret's longest line: keys are printed with their line breaks escaped in one place, and indented in another. */
const trace = (secret: string) =>
  secret.split("\n").reduce((longest, line) => (line.length > longest.length ? line : longest), "");

test("no secret is anywhere in plain text", async () => {
  const all = await secrets();
  expect(all.size).toBeGreaterThan(20);
  const leaks = Object.entries(seen).flatMap(([where, text]) =>
    [...all].filter(([secret]) => text.includes(trace(secret))).map(([, name]) => `${name} in ${where}`),
  );
  expect(leaks).toEqual([]);
  // Everything that was looked at had something to say.
  expect(
    Object.entries(seen)
      .filter(([, text]) => text.length < 1000)
      .map(([where]) => where),
  ).toEqual([]);
});

test("what is secret among a command's inputs is secret in the state, too: the deploy key above all", async () => {
  const { deployment } = await prod.engine.stack.exportStack();
  const resources = deployment.resources as {
    urn: string;
    type: string;
    outputs?: Record<string, unknown>;
  }[];
  const commands = resources.filter(({ type }) => type.startsWith("command:"));
  expect(commands.length).toBeGreaterThan(3);
  const key = [...(await secrets())].find(([, name]) => name === "secrets-deploy-key.privateKeyOpenssh")?.[0];
  const inTheClear = (value: unknown): boolean =>
    typeof value === "string"
      ? value.includes(trace(key ?? ""))
      : value !== null &&
        typeof value === "object" &&
        !("plaintext" in value) &&
        Object.values(value).some(inTheClear);
  expect(commands.filter(({ outputs }) => inTheClear(outputs)).map(({ urn }) => urn)).toEqual([]);
});

test("whoever asks for the secrets gets them", async () => {
  const { stdout } = await prod.engine.cli("stack", "output", "--json", "--show-secrets");
  const [backupKey] = [...(await secrets())].find(([, name]) => name === "secrets-backup.result") ?? [];
  expect((JSON.parse(stdout) as { backupKey: string }).backupKey).toBe(backupKey);
});
