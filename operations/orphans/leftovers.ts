/** What is in the accounts but not in the state, and what to do about it. */
import { shortKeyId } from "../../settings/names";
import { nameOf, type StateResource } from "../stackState";
import type { Found } from "./found";

const KEY = "tailscale:index/tailnetKey:TailnetKey";

export interface Leftover extends Found {
  /** Command that imports it into the state, or deletes it. */
  command: string;
}

const PROVIDERS = { main: "digitalocean-main", workers: "digitalocean-workers", tailnet: "tailscale" };
const TOKENS = {
  main: 'DIGITALOCEAN_ACCESS_TOKEN="$(pulumi config get digitaloceanToken)" ',
  workers: 'DIGITALOCEAN_ACCESS_TOKEN="$(pulumi config get digitaloceanWorkerToken)" ',
  tailnet: "",
};

/**
 * What the state lacks under its own name is imported: otherwise the next `up` would create it again, and be refused because the name is
 * taken. The rest is deleted: a droplet or a key whose other half is unknown, and whatever exists twice.
 */
export function leftovers(found: readonly Found[], state: readonly StateResource[]): Leftover[] {
  // A machine's name in the tailnet ends in the id of the key that it joined with.
  const suffixes = state.filter(({ type }) => type === KEY).map(({ id }) => `-${shortKeyId(id ?? "")}`);
  const known = (one: Found) =>
    one.type === "device"
      ? suffixes.some((suffix) => one.name.endsWith(suffix))
      : state.some(({ type, id }) => type === one.type && id === one.id);
  return found
    .filter((one) => !known(one))
    .map((one) => ({ ...one, command: importCommand(one, state) ?? TOKENS[one.account] + one.remove }));
}

function importCommand(
  { account, type, id, importId = id, resource }: Found,
  state: readonly StateResource[],
) {
  if (!resource || state.some((one) => one.type === type && nameOf(one.urn) === resource.name))
    return undefined;
  const parent = state.find(
    (one) => one.type.startsWith("mastodon-hosting:") && nameOf(one.urn) === resource.parent,
  );
  const provider = state.find(
    (one) => one.type.startsWith("pulumi:providers:") && nameOf(one.urn) === PROVIDERS[account],
  );
  if (!parent || !provider) return undefined;
  return [
    `pulumi import ${type} ${resource.name} ${importId}`,
    `--parent 'parent=${parent.urn}' --provider 'provider=${provider.urn}' --generate-code=false`,
  ].join(" ");
}
