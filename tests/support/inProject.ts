/** Stack files on disk, read as the plan and the engine read them. */
import { cpSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { stringify } from "yaml";
import { plainSettings } from "../../settings/plain";
import { settingsSchema } from "../../settings/schema";
import { notesOf, runningNotes } from "../../settings/stackFile/notes";
import { readStackConfig, unqualified } from "../../settings/stackFile/stackFile";

const ROOT = join(__dirname, "../..");
const PROJECT = "mastodon-hosting";

/** What a stack must say and is not about the test. */
const LEAST = {
  domain: "social.example.org",
  region: "nyc3",
  owner: { email: "you@example.org" },
  aws: { accountId: "123456789012" },
  tailnet: { oauthClientId: "kAbCdEfCNTRL" },
};

const lines = (problems: readonly { key: string; message: string }[]) =>
  problems.map(({ key, message }) => `${key} ${message}`);

/** Runs something in a folder with Pulumi.yaml and this stack file. */
export function inProject<T>(text: string, use: (folder: string) => T): T {
  const folder = mkdtempSync(join(tmpdir(), "stack-"));
  try {
    cpSync(join(ROOT, "Pulumi.yaml"), join(folder, "Pulumi.yaml"));
    writeFileSync(join(folder, "Pulumi.live.yaml"), text);
    return use(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** The text of a file that sets these lines of YAML, and whatever else a stack must say. */
export function stackText(yaml: string): string {
  const rest = Object.entries(LEAST).filter(
    ([name]) => !new RegExp(`^  ${PROJECT}:${name}:`, "m").test(yaml),
  );
  const least = stringify(Object.fromEntries(rest.map(([name, value]) => [`${PROJECT}:${name}`, value])));
  return `config:\n${least.replace(/^/gm, "  ").trimEnd()}\n${yaml}\n`;
}

/** What the plan says to the plain settings of a file. */
export const planSays = (text: string): string[] =>
  inProject(text, (folder) => {
    const stackConfig = readStackConfig(folder, "live");
    const raw = unqualified(stackConfig.config, PROJECT);
    return lines(plainSettings(raw, settingsSchema.shape, notesOf(stackConfig)).problems);
  });

/**
 * What the running program says to the same file: the engine has decrypted everything.
 *
 * @param elsewhere whether the engine's file is not the project's (`--config-file`)
 */
export const engineSays = (text: string, { elsewhere = false } = {}): string[] =>
  inProject(text, (folder) => {
    const { config, encrypted } = readStackConfig(folder, "live");
    const everything = { ...config, ...Object.fromEntries(encrypted.map((key) => [key, "decrypted"])) };
    const notes = runningNotes(elsewhere ? join(folder, "elsewhere") : folder, {
      project: PROJECT,
      stack: "live",
      config: everything,
      secretKeys: encrypted,
    });
    return lines(plainSettings(unqualified(everything, PROJECT), settingsSchema.shape, notes).problems);
  });
