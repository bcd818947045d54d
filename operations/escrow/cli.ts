/** `npm run escrow`: a file with everything that only the state holds, and a new stack that takes it over. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { ConfigMap } from "@pulumi/pulumi/automation";
import { type Escrowed, fingerprintOf } from "../../components/escrowContent";
import { plainSettings } from "../../settings/plain";
import { settingsSchema } from "../../settings/schema";
import { SECRETS } from "../../settings/secrets";
import { isExampleValue } from "../../settings/warnings";
import { runCommand, UsageError } from "../../tools/commandLine";
import { cliError, readStackState, type StackState, setSecret } from "../stackState";
import { decryptWith, encryptTo } from "./age";
import { type EscrowFile, escrowText, readEscrowText } from "./escrowFile";
import { commandsLeft, obstacles, settingsToWrite, type Target } from "./target";

const PROJECT = "mastodon-hosting";
const HELP = `npm run escrow -- [--stack STACK] [--to FOLDER]
npm run escrow -- restore FILE --identity KEYFILE --stack NEW

Writes every secret that only the state holds, and the settings, to escrow-STACK-DATE.age, encrypted to the public keys in
escrow.recipients. Then it writes escrow.fingerprint into the stack file; commit that. The tokens of DigitalOcean and Tailscale are not in
the file: both give out others.

\`restore\` sets the file's secrets in a new stack, and says which settings and secrets that one still needs.

  --stack STACK        the stack's name, or ORGANIZATION/PROJECT/STACK (default: prod; restore has none)
  --to FOLDER          where to write the file (default: here, where git ignores it)
  --identity KEYFILE   the private key, as age-keygen wrote it (- for standard input)
  --help               show this help
`;
const OPTIONS = {
  stack: { type: "string" },
  to: { type: "string" },
  identity: { type: "string" },
} as const;

/** Names and tags contain only the stack's own name, without its organization and project. */
const shortName = (stack: string) => stack.split("/").at(-1) ?? stack;

/** What the CLI says of a stack. Its errors are cut to its own words: everything else of its output may contain secrets. */
async function asked<T>(stack: string, ask: () => Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (error) {
    throw new UsageError(`The stack ${stack} cannot be read: ${cliError((error as Error).message)}`);
  }
}

const ownConfig = (config: ConfigMap) =>
  Object.entries(config).flatMap(([key, { value, secret }]) =>
    key.startsWith(`${PROJECT}:`) ? [{ name: key.slice(PROJECT.length + 1), value, secret }] : [],
  );

async function write(stackName: string, folder: string): Promise<void> {
  const stack = await readStackState(stackName);
  const name = shortName(stackName);
  const { config, outputs } = await asked(name, async () => ({
    config: await stack.config(),
    outputs: await stack.outputs(),
  }));
  const plain = ownConfig(config).filter((one) => !one.secret && !Object.hasOwn(SECRETS, one.name));
  const settings = Object.fromEntries(plain.map((one) => [one.name, one.value]));
  const recipients = recipientsOf(settings, name);
  const escrowed = outputs.escrow?.value as Escrowed | undefined;
  if (!escrowed)
    throw new UsageError(
      `The stack ${name} has no output \`escrow\` yet. Run \`pulumi up --stack ${name}\`, then this again.`,
    );
  const { secrets: _, ...identity } = (outputs.identity?.value ?? {}) as Record<string, unknown>;
  const written = new Date().toISOString();
  const text = escrowText({ written, stack: name, identity, settings, ...escrowed });
  const path = join(folder, `escrow-${name}-${written.slice(0, 10)}.age`);
  writeNew(path, await encryptTo(recipients, text));
  console.log(
    `Written to ${path}: ${Object.keys(escrowed.secrets).length} secrets, the deploy key and the settings, for ${recipients.length === 1 ? "one key" : `${recipients.length} keys`}.\nKeep it where neither this stack's accounts nor its state are, and apart from the private key.`,
  );
  await rememberFingerprint(stack, fingerprintOf(escrowed, recipients), name);
}

/** @throws UsageError that says what to write */
function recipientsOf(settings: Readonly<Record<string, string>>, stack: string): string[] {
  const { escrow } = settingsSchema.shape;
  const parsed = plainSettings({ escrow: settings.escrow ?? "{}" }, { escrow });
  const [problem] = parsed.problems;
  if (problem) throw new UsageError(`Pulumi.${stack}.yaml: ${problem.key} ${problem.message}.`);
  const recipients = parsed.settings.escrow?.recipients ?? [];
  if (recipients.length === 0 || recipients.some(isExampleValue))
    throw new UsageError(
      `Pulumi.${stack}.yaml: escrow.recipients ${recipients.length === 0 ? "is empty" : "has the example's key, whose private half nobody has"}. Create a key with \`age-keygen -o escrow-key.txt\`, and write the public key that it prints:
pulumi config set --stack ${stack} --path 'escrow.recipients[0]' age1…`,
    );
  return recipients;
}

function writeNew(path: string, content: string): void {
  try {
    writeFileSync(path, content, { mode: 0o600, flag: "wx" });
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw new UsageError(
      code === "EEXIST"
        ? `${path} exists already. Move it to where you keep it, then run this again.`
        : `${path} cannot be written: ${message}`,
    );
  }
}

async function rememberFingerprint(stack: StackState, fingerprint: string, name: string): Promise<void> {
  const command = `pulumi config set --stack ${name} --path escrow.fingerprint ${fingerprint}`;
  try {
    await stack.setConfig("escrow.fingerprint", fingerprint);
  } catch (error) {
    throw new UsageError(
      `The file is complete, but its fingerprint could not be noted: ${cliError((error as Error).message)}\nRun: ${command}`,
    );
  }
  console.log(
    `Pulumi.${name}.yaml now has escrow.fingerprint: ${fingerprint}. Commit it, and tell main: pulumi up`,
  );
}

async function restore(path: string, keyPath: string, stackName: string): Promise<void> {
  const armored = read(path);
  const file = readEscrowText(await decryptWith(read(keyPath === "-" ? 0 : keyPath), armored));
  const stack = await readStackState(stackName);
  const target = await targetOf(stack, stackName);
  const refused = obstacles(file, target);
  if (refused.length > 0) throw new UsageError(`Nothing was changed.\n${refused.join("\n")}`);
  for (const [name, value] of Object.entries(file.secrets))
    if (target.config[name] !== value) await setSecret(stackName, name, value);
  console.log(restored(file, target));
}

function read(path: string | 0): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    throw new UsageError(`${path || "Standard input"} cannot be read: ${(error as Error).message}`);
  }
}

const targetOf = (stack: StackState, stackName: string): Promise<Target> =>
  asked(shortName(stackName), async () => {
    const config = ownConfig(await stack.config()).map(({ name, value }) => [name, value]);
    const { identity } = await stack.outputs();
    return {
      stack: shortName(stackName),
      config: Object.fromEntries(config),
      marks: (identity?.value as { secrets?: Target["marks"] } | undefined)?.secrets,
      urns: stack.resources.map(({ urn }) => urn),
    };
  });

function restored(file: EscrowFile, target: Target): string {
  const yaml = settingsToWrite(file, target);
  const commands = commandsLeft(file, target);
  const when = file.written.slice(0, 16).replace("T", " at ");
  return [
    `Stack ${target.stack} has the ${Object.keys(file.secrets).length} secrets that ${file.stack} had on ${when} UTC.`,
    ...(yaml
      ? [
          `\nPulumi.${target.stack}.yaml does not have these settings of ${file.stack}. domain, webDomain, mediaDomain, aws and the names of the buckets must be the same; mastodonVersion and postgresVersion at least those that the backup is from:\n\n${yaml.trimEnd()}`,
        ]
      : []),
    ...(commands.length > 0
      ? [
          `\nThese are not in the file, because their issuers give out others at any time. Create them, and run:\n\n${commands.join("\n")}`,
        ]
      : []),
  ].join("\n");
}

runCommand(
  { help: HELP, options: OPTIONS, words: ["restore"], followed: { restore: "FILE" } },
  async ({ stack, to, identity }, word, file) => {
    if (word !== "restore") {
      if (identity !== undefined) throw new UsageError("--identity belongs to restore.");
      await write(stack ?? "prod", to ?? "");
      return;
    }
    if (to !== undefined) throw new UsageError("--to does not belong to restore.");
    if (identity === undefined || stack === undefined || file === undefined)
      throw new UsageError(
        `restore needs the private key and the new stack: --identity KEYFILE --stack NEW.\n\n${HELP.trimEnd()}`,
      );
    await restore(file, identity, stack);
  },
  // What readStackState throws is for the user, too, and no stack trace may show what a library said.
  () => true,
);
