/** `npm run orphans -- --stack NAME`: what an interrupted update left behind in the accounts. */
import { join } from "node:path";
import { parseArgs } from "node:util";
import { LocalWorkspace } from "@pulumi/pulumi/automation";
import { type Ask, type Found, inDigitalOcean, inTailnet } from "./found";
import { leftovers, type StateResource } from "./leftovers";

const PROJECT = "mastodon-hosting";
// The providers know the same two variables.
const DIGITALOCEAN = process.env.DIGITALOCEAN_API_URL ?? "https://api.digitalocean.com";
const TAILSCALE = process.env.TAILSCALE_BASE_URL ?? "https://api.tailscale.com";

const asking =
  (base: string, token: string): Ask =>
  async (path) => {
    const response = await fetch(base + path, { headers: { Authorization: `Bearer ${token}` } });
    if (!response.ok)
      throw new Error(`${base}${path}: ${response.status} ${(await response.text()).slice(0, 200)}`);
    return (await response.json()) as Record<string, unknown>;
  };

/** @throws Error where the client is not allowed to; devices need its scope `devices:core:read` */
async function tailscaleToken(id: string, secret: string): Promise<string> {
  const response = await fetch(`${TAILSCALE}/api/v2/oauth/token`, {
    method: "POST",
    body: new URLSearchParams({ client_id: id, client_secret: secret }),
  });
  if (!response.ok) throw new Error(`Tailscale's OAuth client was refused: ${response.status}`);
  return ((await response.json()) as { access_token: string }).access_token;
}

async function main(): Promise<number> {
  const { values } = parseArgs({ options: { stack: { type: "string", default: "prod" } } });
  const stackName = values.stack;
  const stack = await LocalWorkspace.selectStack({ stackName, workDir: join(__dirname, "..") });
  const { deployment } = await stack.exportStack();
  const state = (deployment?.resources ?? []) as StateResource[];
  const config = await stack.getAllConfig();
  const setting = (key: string) => config[`${PROJECT}:${key}`]?.value;
  const tailnet = JSON.parse(setting("tailnet") ?? "{}") as { name?: string; oauthClientId?: string };

  const found: Found[] = [];
  const skipped: string[] = [];
  const digitalOcean = async (account: "main" | "workers", key: string) => {
    const token = setting(key);
    if (!token) skipped.push(`${account}: ${key} is not set`);
    else found.push(...(await inDigitalOcean(asking(DIGITALOCEAN, token), account, stackName)));
  };
  await digitalOcean("main", "digitaloceanToken");
  if (setting("workerAccount") !== "same") await digitalOcean("workers", "digitaloceanWorkerToken");
  const secret = setting("tailscaleOauthClientSecret");
  if (!secret) skipped.push("tailnet: tailscaleOauthClientSecret is not set");
  else {
    const token = await tailscaleToken(tailnet.oauthClientId ?? "", secret);
    found.push(...(await inTailnet(asking(TAILSCALE, token), tailnet.name ?? "-", stackName)));
  }

  const left = leftovers(found, state);
  for (const line of skipped) console.log(`not looked at: ${line}`);
  if (left.length === 0)
    console.log(`Nothing is left over: ${found.length} things, all in the state of ${stackName}.`);
  for (const { account, what, name, id, command } of left)
    console.log(`${account}: ${what} ${name} (${id}) is not in the state\n  ${command}`);
  // As with grep, scripts want to know whether there was any.
  return left.length + skipped.length > 0 ? 1 : 0;
}

main().then(
  (code) => {
    process.exitCode = code;
  },
  (error: Error) => {
    console.error(error.message);
    process.exitCode = 2;
  },
);
