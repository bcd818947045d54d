/** Something is deleted in a provider's console, or was never finished: what brings the stack back, and what that touches. */
import type { Run } from "../../doubles/engine/engineStack";
import {
  byHand,
  changes,
  DATA_HOLDERS,
  figure,
  type Lab,
  livingProd,
  outputsInState,
  succeeded,
  unknownToTheState,
} from "./lab";

let prod: Lab;
beforeAll(async () => {
  prod = await livingProd();
});
afterAll(() => prod.remove());

async function holders(): Promise<Record<string, unknown>> {
  const outputs = Object.entries(await outputsInState(prod.engine)).filter(([name]) =>
    DATA_HOLDERS.test(name),
  );
  const known = outputs.map(([name, { dropletIds: _, ...rest }]: [string, { dropletIds?: unknown }]) => [
    name,
    rest,
  ]);
  return Object.fromEntries(known);
}

const urn = async (name: string) => (await prod.engine.urns()).find((one) => one.endsWith(`::${name}`)) ?? "";
const replaced = (run: Run) =>
  changes(run)
    .filter((step) => step.startsWith("create-replacement") || step.startsWith("create "))
    .map((step) => step.split(" ")[1] ?? "")
    .sort();

/** The stack is whole: one machine each, in the tailnet; addresses and volume on main; nothing doubled or left over. */
async function expectWhole(before: Record<string, unknown>): Promise<void> {
  const { cloud, engine } = prod;
  expect(await holders()).toEqual(before);
  expect(await unknownToTheState(prod)).toEqual([]);
  expect(cloud.journal.lines("boot outside the tailnet")).toEqual([]);
  const main = cloud.main.list().find(({ name }) => name === "main-droplet")?.id;
  expect([...cloud.main.assigned.values(), ...cloud.main.attached.values()]).toEqual([main, main, main]);
  const online = cloud.tailnet.devices.filter(({ online: on }) => on).map(({ tags }) => tags[0]);
  expect(online.sort()).toEqual(["tag:mastodon-prod-main", "tag:mastodon-prod-worker"]);
  succeeded(await engine.preview({ refresh: true, expectNoChanges: true }));
}

const refreshed = () => prod.engine.up({ refresh: true });
const again = (name: string) => async () => prod.engine.up({ replace: [await urn(name)] });

interface Loss {
  what: string;
  lose: () => void | Promise<void>;
  /** The command that docs/operations.md names. */
  bringBack: () => Promise<Run>;
  /** What is made, again or anew. */
  makes: string[];
}

const WORKER = ["auth-key", "drain", "droplet", "droplet-in-project", "ready"].map(
  (part) => `workers-general-1-${part}`,
);
const MAIN = [
  "main-auth-key",
  "main-data-attachment",
  "main-droplet",
  "main-droplet-in-project",
  "main-ipv4-assignment",
  "main-ipv6-assignment",
  "main-ready",
];

const LOSSES: Loss[] = [
  {
    what: "main's droplet",
    lose: () => byHand(prod).droplet("main-droplet"),
    bringBack: async () => {
      succeeded(await prod.engine.refresh({ target: [await urn("main-droplet")] }));
      return prod.engine.up();
    },
    makes: MAIN,
  },
  {
    what: "a worker's droplet",
    lose: () => byHand(prod).droplet("workers-general-1-droplet"),
    bringBack: refreshed,
    makes: WORKER,
  },
  {
    what: "the assignment of the IPv4 address",
    lose: () => byHand(prod).address("main-ipv4"),
    bringBack: refreshed,
    makes: ["main-ipv4-assignment"],
  },
  {
    what: "the assignment of the IPv6 address",
    lose: () => byHand(prod).address("main-ipv6"),
    bringBack: again("main-ipv6-assignment"),
    makes: ["main-ipv6-assignment"],
  },
  {
    what: "the volume's attachment",
    lose: () => byHand(prod).volume("main-data"),
    bringBack: refreshed,
    makes: ["main-data-attachment"],
  },
  { what: "main's key", lose: () => byHand(prod).key("main-auth-key"), bringBack: refreshed, makes: [] },
  {
    what: "a worker's key",
    lose: () => byHand(prod).key("workers-general-1-auth-key"),
    bringBack: refreshed,
    makes: [],
  },
  {
    what: "main's tag, by which its firewall attaches",
    lose: () => byHand(prod).tag("main-tag"),
    bringBack: refreshed,
    makes: ["main-tag"],
  },
  {
    what: "the project",
    lose: () => byHand(prod).project("account-project"),
    bringBack: refreshed,
    makes: ["account-project", "main-data-in-project", "main-droplet-in-project"],
  },
];

test.each(LOSSES)(
  "$what: the documented command brings it back, and no data holder is touched",
  async (loss) => {
    const before = await holders();
    prod.cloud.journal.clear();
    await loss.lose();
    const run = succeeded(await loss.bringBack());
    expect(replaced(run)).toEqual(loss.makes);
    await expectWhole(before);
    figure(`${loss.what}: back after one up`);
  },
);
