/** What the internet, and each machine, cannot reach. */
import type { Machine } from "../../lab/machine";
import type { Needs } from "../world";
import { seenFromOutside, wanted } from "./scan";
import type { Inputs } from "./step";

/** Ports on which something listens, on some machine. */
const PORTS = [22, 80, 443, 3000, 4000, 5432, 6379, 6380, 6432, 9080, 9400];

/** Which of these ports of a tailnet address accept a connection from a machine. */
async function openTo(from: Machine, address: string): Promise<string> {
  const probes = PORTS.map(
    (port) => `{ timeout 2 bash -c ': </dev/tcp/${address}/${port}' 2>/dev/null && echo ${port}; } &`,
  );
  const { stdout } = await from.attempt(`${probes.join(" ")} wait`);
  return stdout
    .trim()
    .split("\n")
    .map(Number)
    .filter(Boolean)
    .sort((a, b) => a - b)
    .join(" ");
}

function expectEqual(found: string, expected: string): void {
  if (found !== expected)
    throw new Error(`found: ${found || "nothing"}\nshould be: ${expected || "nothing"}`);
}

/** Scans every port of every machine, from the internet. */
export async function expectClosed(world: Needs<"machines" | "outside">): Promise<void> {
  expectEqual((await seenFromOutside(world)).join("\n"), wanted(world).join("\n"));
}

/** Runs something while the machines' own firewalls are off. */
async function withoutHostFirewalls(world: Needs<"machines">, what: () => Promise<void>): Promise<void> {
  const loaded = new Map<Machine, string>();
  for (const machine of world.machines.all()) {
    loaded.set(machine, await machine.run("nft list table inet mastodon"));
    await machine.run("nft delete table inet mastodon");
  }
  try {
    await what();
  } finally {
    for (const [machine, rules] of loaded) await machine.run("nft -f -", { input: rules });
  }
}

const ask =
  "curl -s -o /dev/null -w '%{http_code}' --max-time 3 http://169.254.169.254/metadata/v1/user-data";

export const closed = async (world: Inputs<"firewalls" | "machines" | "outside" | "plane" | "stack">) => {
  const { report } = world;
  const main = world.machines.main();
  await report.check(
    "the internet reaches 80, 443 and WireGuard on main, WireGuard alone on a worker (all ports, TCP and UDP, v4 and v6)",
    () => expectClosed(world),
  );
  await report.check("the same with DigitalOcean's firewalls off", () =>
    world.firewalls.without(() => expectClosed(world)),
  );
  await report.check("the same with the hosts' own firewalls off", () =>
    withoutHostFirewalls(world, () => expectClosed(world)),
  );
  await report.check("with both off, the same scan finds ssh: it can see open ports", () =>
    world.firewalls.without(() =>
      withoutHostFirewalls(world, async () => {
        const blind = (await seenFromOutside(world)).filter((line) => !/TCP 22\b/.test(line));
        if (blind.length > 0) throw new Error(`not seen: ${blind.join("; ")}`);
      }),
    ),
  );
  const mainAddress = await world.plane.addressOf(world.stack.site.hostnames.main);
  await report.check(
    "over the tailnet a worker reaches main's pgbouncer and both Redis, and nothing else",
    async () => {
      for (const worker of world.machines.workers())
        expectEqual(await openTo(worker, mainAddress), "6379 6380 6432");
    },
  );
  await report.check("over the tailnet main reaches nothing of a worker", async () => {
    for (const { hostname } of world.machines.workerHosts())
      expectEqual(await openTo(main, await world.plane.addressOf(hostname)), "");
  });
  await report.check("a wrong password is refused by pgbouncer and both Redis", async () => {
    const [worker] = world.machines.workers();
    if (!worker) throw new Error("no worker");
    for (const port of [6379, 6380]) {
      const script = `exec 3<>/dev/tcp/${mainAddress}/${port}; printf 'AUTH wrong\\r\\nPING\\r\\n' >&3; head -n 2 <&3`;
      const answer = await worker.run(`timeout 5 bash -c "${script}"`);
      if (!/^-WRONGPASS .*\r\n-NOAUTH /.test(answer)) throw new Error(`Redis on ${port}: ${answer}`);
    }
    const psql = `PGPASSWORD=wrong psql -qtAX -w -h ${mainAddress} -p 6432 -U mastodon -d mastodon -c 'SELECT 1'`;
    const { code, stderr } = await main.attempt(psql);
    if (code === 0 || !stderr.includes("SASL authentication failed")) throw new Error(`pgbouncer: ${stderr}`);
  });
  return report.check("the metadata service answers root and nobody else, not even a container", async () => {
    for (const machine of world.machines.all()) {
      const container = machine === main ? "web" : "$(docker ps -q | head -n 1)";
      const asked = {
        root: await machine.attempt(ask),
        nobody: await machine.attempt(`runuser -u nobody -- ${ask}`),
        mastodon: await machine.attempt(`runuser -u mastodon -- ${ask}`),
        container: await machine.attempt(`docker exec ${container} ${ask}`),
      };
      const answers = Object.entries(asked).map(([who, { stdout }]) => `${who} ${stdout}`);
      expectEqual(answers.join(", "), "root 200, nobody 000, mastodon 000, container 000");
    }
  });
};
