/** `npm run orphans -- --stack NAME`: what an interrupted update left behind in the accounts. */

import { ApiError, asking, client, digitalOceanApi, tailscaleApi } from "../../checks/api";
import { namesOf } from "../../settings/names";
import { exitWith, readCommandLine } from "../../tools/commandLine";
import { readStackState } from "../stackState";
import { inDigitalOcean, inTailnet, type Look, type Stack } from "./found";
import { leftovers } from "./leftovers";

const PROJECT = "mastodon-hosting";
const HELP = `npm run orphans -- [--stack NAME]

Lists what the accounts and the tailnet have under the stack's names and tags but the state does not know, with the command
that imports or deletes it. --stack is the stack's name, or ORGANIZATION/PROJECT/STACK (default: prod).

Exits with 0 if nothing is left over, with 1 if something is or could not be checked, with 2 if it failed.`;

/** @throws ApiError if the client is not allowed to; devices need the scope `devices:core:read` */
async function tailscaleToken(id: string, secret: string): Promise<string> {
  const answer = await client(tailscaleApi())("/api/v2/oauth/token", {
    method: "POST",
    headers: { "content-type": "application/x-www-form-urlencoded" },
    body: new URLSearchParams({ client_id: id, client_secret: secret }).toString(),
  });
  return String(answer.access_token);
}

async function main(): Promise<number> {
  const line = readCommandLine(process.argv.slice(2), {
    help: HELP,
    options: { stack: { type: "string", default: "prod" } },
  });
  if (!line) {
    console.log(HELP.trimEnd());
    return 0;
  }
  const { values } = line;
  const stackState = await readStackState(values.stack);
  const state = stackState.resources;
  const config = await stackState.config();
  const setting = (key: string) => config[`${PROJECT}:${key}`]?.value;
  const tailnet = JSON.parse(setting("tailnet") || "{}") as { name?: string; oauthClientId?: string };
  const { web, media } = namesOf(
    {
      domain: setting("domain") ?? "",
      webDomain: setting("webDomain") ?? "",
      mediaDomain: setting("mediaDomain") ?? "",
      media: { bucket: "" },
      backups: { bucket: "" },
    } as Parameters<typeof namesOf>[0],
    values.stack,
  );
  // Names and tags contain only the stack's own name, without its organization and project.
  const name = values.stack.split("/").at(-1) ?? values.stack;
  const { snapshot = false } = JSON.parse(setting("upgrade") || "{}") as { snapshot?: boolean };
  const stack: Stack = {
    name,
    hosts: [web, media],
    zone: setting("dnsZone") ?? "",
    snapshots: snapshot,
  };

  const looks: Look[] = [];
  const notAskedFor = (line: string) => looks.push({ found: [], skipped: [line] });
  for (const [account, key] of [
    ["main", "digitaloceanToken"],
    ["workers", "digitaloceanWorkerToken"],
  ] as const) {
    if (account === "workers" && setting("workerAccount") === "same") continue;
    const token = setting(key);
    if (token) looks.push(await inDigitalOcean(asking(digitalOceanApi(), token), account, stack));
    else notAskedFor(`${account}: ${key} is not set`);
  }
  const secret = setting("tailscaleOauthClientSecret");
  if (!secret) notAskedFor("tailnet: tailscaleOauthClientSecret is not set");
  else
    try {
      const token = await tailscaleToken(tailnet.oauthClientId ?? "", secret);
      looks.push(await inTailnet(asking(tailscaleApi(), token), tailnet.name ?? "-", name));
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      notAskedFor(`tailnet: the OAuth client ${tailnet.oauthClientId} opens nothing: ${error.message}`);
    }

  const found = looks.flatMap((look) => look.found);
  const skipped = looks.flatMap((look) => look.skipped);
  const left = leftovers(found, state);
  for (const line of skipped) console.log(`not checked: ${line}`);
  if (left.length === 0)
    console.log(
      `Nothing is left over${skipped.length > 0 ? " in the rest" : ""}: ${found.length} things, all in the state of ${name}.`,
    );
  for (const { account, what, name: called, id, command } of left)
    console.log(`${account}: ${what} ${called} (${id}) is not in the state\n  ${command}`);
  // As with grep, scripts want to know whether anything was found.
  return left.length + skipped.length > 0 ? 1 : 0;
}

exitWith(main());
