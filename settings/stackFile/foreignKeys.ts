/** Keys of the stack file that are not settings of this project: nothing reads them. */
import type { Problem } from "../problem";
import { setCommand } from "../secrets";

/** A provider's key → what to set instead. Only the program configures providers (components/providers.ts). */
const INSTEAD: Readonly<Record<string, string>> = {
  "aws:region": "run: pulumi config set --path aws.region REGION",
  "aws:allowedAccountIds": 'run: pulumi config set --path aws.accountId "123456789012"',
  "aws:*": "AWS credentials come from the environment (AWS_PROFILE, or OIDC in CI)",
  "digitalocean:token": `run: ${setCommand("digitaloceanToken")}`,
  "digitalocean:*": "see digitaloceanToken and region in docs/settings.md",
  "tailscale:oauthClientId": "run: pulumi config set --path tailnet.oauthClientId ID",
  "tailscale:oauthClientSecret": `run: ${setCommand("tailscaleOauthClientSecret")}`,
  "tailscale:tailnet": "run: pulumi config set --path tailnet.name NAME",
  "tailscale:*": `this program logs in with an OAuth client; write tailnet.oauthClientId, and run: ${setCommand("tailscaleOauthClientSecret")}`,
};

const CREDENTIAL = /token|secret|password|key$/i;
/** The only key of the engine that the program depends on. */
const NO_DEFAULT_PROVIDERS = "pulumi:disable-default-providers";

/**
 * @param foreign full key → value; "" for an encrypted one
 * @param encrypted full keys that are encrypted
 * @param project the name of this project
 */
export function foreignProblems(
  foreign: Readonly<Record<string, string>>,
  encrypted: readonly string[],
  project: string,
): Problem[] {
  const providers: Problem[] = [];
  const others = new Map<string, string[]>();
  for (const [key, value] of Object.entries(foreign)) {
    const [namespace = "", name = ""] = key.split(":");
    if (key === NO_DEFAULT_PROVIDERS && value !== '["*"]')
      providers.push({
        key,
        message: "is set by Pulumi.yaml and keeps resources out of the wrong accounts; remove it",
      });
    if (namespace === "pulumi") continue;
    const instead = INSTEAD[key] ?? INSTEAD[`${namespace}:*`];
    if (!instead) others.set(namespace, [...(others.get(namespace) ?? []), name]);
    else {
      const isPlain = CREDENTIAL.test(name) && !encrypted.some((at) => at.startsWith(key));
      const what = isPlain
        ? "is a credential in plain text, and nothing reads it; revoke it, remove it"
        : "is not read; remove it";
      providers.push({ key, message: `${what} (pulumi config rm ${key}), and ${link(instead)}` });
    }
  }
  const projects = [...others].map(([namespace, names]) => ({
    key: names.length === 1 ? `${namespace}:${names[0]}` : `${namespace}:*`,
    message: `${names.length === 1 ? "is a key" : `are ${names.length} keys`} of "${namespace}", and this project is ${project}; write ${project}:${names[0]} if it is meant for this stack, or remove ${names.length === 1 ? "it" : "them"}`,
  }));
  return [...providers, ...projects];
}

/** Whether a stack file belongs to another project. If it does, the settings that it lacks for this one do not matter. */
export function isOtherProject(
  foreign: Readonly<Record<string, string>>,
  raw: Readonly<Record<string, string>>,
): boolean {
  const isUnset = (name: string) => ["", "{}", undefined].includes(raw[name]);
  const isOther = (key: string) => !/^(pulumi|aws|digitalocean|tailscale):/.test(key);
  return Object.keys(foreign).some(isOther) && ["domain", "region", "owner", "aws", "tailnet"].every(isUnset);
}

const link = (instead: string) => (/^(run|see)/.test(instead) ? instead : `note that ${instead}`);
