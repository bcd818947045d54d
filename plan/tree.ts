/** The planned resources by account: each account's part of the component tree. */
import { mainAccount } from "./figures";
import { keyProperties } from "./keyProperties";
import type { Plan, PlannedResource } from "./schema";

export interface TreeLine {
  depth: number;
  /** `Droplet main-droplet`. */
  label: string;
  details: string;
}

export interface AccountTree {
  title: string;
  /** The number of resources, without components. */
  count: number;
  lines: TreeLine[];
}

/** Providers in the order that a reader expects. */
const ACCOUNTS: readonly [string, string][] = [
  ["digitalocean-main", "DigitalOcean, main account"],
  ["digitalocean-workers", "DigitalOcean, worker account"],
  ["aws", "AWS"],
  ["tailscale", "Tailscale"],
  ["random", "Generated secrets (random)"],
  ["tls", "Generated keys (tls)"],
  ["command", "Waiting for the machines (command)"],
];

export function accountTrees({ resources }: Plan): AccountTree[] {
  return ACCOUNTS.map(([provider, name]) => {
    const title = provider === "digitalocean-main" ? mainAccount({ resources }) : name;
    const leaves = resources.filter((resource) => resource.provider === provider);
    const shown = new Set(leaves.flatMap((leaf) => [leaf.urn, ...ancestors(leaf, resources)]));
    return {
      title,
      count: leaves.length,
      lines: linesUnder(
        "",
        0,
        resources.filter(({ urn }) => shown.has(urn)),
      ),
    };
  }).filter(({ count }) => count > 0);
}

function ancestors({ parent }: PlannedResource, resources: readonly PlannedResource[]): string[] {
  const above = resources.find(({ urn }) => urn === parent);
  return above ? [above.urn, ...ancestors(above, resources)] : [];
}

function linesUnder(parent: string, depth: number, resources: readonly PlannedResource[]): TreeLine[] {
  return resources
    .filter((resource) => resource.parent === parent)
    .sort((a, b) => Number(a.component) - Number(b.component) || a.name.localeCompare(b.name))
    .flatMap((resource) => [
      {
        depth,
        label: `${resource.type.split(":").at(-1)} ${resource.name}`,
        details: keyProperties(resource),
      },
      ...linesUnder(resource.urn, depth + 1, resources),
    ]);
}
