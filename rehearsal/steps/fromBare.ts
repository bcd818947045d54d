/** The first boot of each host from a root without any of their packages: in a separate world, created with `bare`. */
import { setTimeout as sleep } from "node:timers/promises";
import { type FirstBoot, firstBoot, unfinished } from "../../lab/firstBoot";
import type { PackageMirror } from "../../lab/internet/packageMirror";
import { PINNED } from "../../lab/internet/tailscaleRepository";
import type { Machine } from "../../lab/machine";
import { until } from "../../tools/until";
import type { Needs } from "../world";
import { type Inputs, succeeded } from "./step";
import { up } from "./up";

/** Seconds for which the mirror does not answer, from the first machine's power-on. */
const AWAY = 30;

/** Keeps the mirror down until then, and until every machine has noticed. @returns when it is back, in milliseconds since 1970 */
async function mirrorAway(world: Needs<"cloud">, mirror: PackageMirror): Promise<number> {
  await mirror.down();
  const running = () => world.cloud.machines.list();
  await until("a machine with power", 300, async () => running().length > 0);
  await sleep(AWAY * 1000);
  for (const { machine } of running())
    await machine.waitFor(
      "a try to install packages",
      120,
      async () => (await machine.attempt("journalctl -q -b -g '20-packages: failed, try'")).code === 0,
    );
  await mirror.up();
  return Date.now();
}

function figure(boot: FirstBoot): string {
  const steps = [...boot.steps].filter(([, seconds]) => seconds >= 1);
  const parts = steps.map(([name, seconds]) => `${name} ${seconds.toFixed(0)}`).join(", ");
  return `${boot.host} ${boot.seconds.toFixed(0)} s (${parts}), ${boot.packages} packages in ${boot.installing.toFixed(0)} s from the mirror's return, try ${boot.tries}`;
}

/** What is wrong with a machine after its first boot. */
async function wrong(machine: Machine): Promise<string[]> {
  const found: string[] = [];
  const status = await machine.booted();
  if (status !== "done") found.push(`cloud-init: ${status}`);
  const applied = "/var/lib/mastodon-host/status";
  await machine.waitFor(
    "an apply that goes through",
    300,
    async () => machine.has(applied) && machine.read(applied).includes('"ok"'),
  );
  // The owner's account waits for its mail domain.
  const failed = "systemctl list-units --failed --plain --no-legend | grep -v ^owner-account || true";
  const units = (await machine.run(failed)).trim();
  if (units) found.push(units);
  if (machine.has("/usr/sbin/policy-rc.d")) found.push("policy-rc.d is left behind");
  if (machine.has("/var/lib/postgresql/17")) found.push("the root disk has a cluster of the package's own");
  return found.map((text) => `${machine.name}: ${text}`);
}

async function expectNothingWrong(world: Needs<"machines">): Promise<void> {
  const found = (await Promise.all(world.machines.all().map(wrong))).flat();
  if (found.length > 0) throw new Error(found.join("\n"));
}

/** With the mirror down: whatever needs a package fails. */
async function secondBoot(world: Needs<"cloud">, dropletName: string): Promise<void> {
  const { machine } = world.cloud.machines.running(dropletName);
  const installed = () => machine.run("cat /var/log/dpkg.log");
  const before = await installed();
  await world.cloud.machines.reboot(dropletName);
  await machine.run("mastodon-ready 300", { timeout: 320 });
  await machine.run("host-apply", { timeout: 300 });
  if ((await installed()) !== before) throw new Error(`${machine.name} installed packages again`);
}

/** A worker is replaced as the runbook says, and the new one loses power while it unpacks packages. */
async function powerCutWhileInstalling(world: Needs<"cloud" | "machines" | "stack">): Promise<string> {
  const { cloud } = world;
  const before = cloud.machines.list().map(({ machine }) => machine);
  const added = () => cloud.machines.list().find(({ machine }) => !before.includes(machine))?.machine;
  const dies = async () => {
    await until("a new worker", 120, async () => added() !== undefined);
    const machine = added() as Machine;
    const log = "/var/log/dpkg.log";
    const half = () => (machine.has(log) ? unfinished(machine.read(log)) : 0);
    await machine.waitFor("packages that are unpacked", 300, async () => half() >= 10);
    await machine.cut();
    const left = half();
    if (left === 0) throw new Error("it lost power too late");
    await machine.start();
    return left;
  };
  const [done, left] = await Promise.all([world.stack.replaceWorker(), dies()]);
  succeeded(done);
  await world.stack.read();
  await expectNothingWrong(world);
  return `${left} packages were half installed`;
}

/** The step's own function, with the fingerprint that it has on a droplet, meets the rehearsal's key. */
async function expectForeignKeyRefused(machine: Machine): Promise<void> {
  const step = "/usr/local/lib/mastodon-host/steps/40-tailnet";
  const { code, stderr } = await machine.attempt(
    `set -eu; . /usr/local/lib/mastodon-host/common.sh; TAILSCALE_KEY=${PINNED} KEYRING=/root/refused
     eval "$(sed -n '/^tailscale_key() {/,/^}/p' ${step})"; tailscale_key`,
  );
  const said = new RegExp(`key has the fingerprint [0-9A-F]{40}, not ${PINNED}`);
  if (code === 0 || !said.test(stderr) || machine.has("/root/refused"))
    throw new Error(`exit ${code}: ${stderr}`);
}

/** A package of the hosts whose dependencies had not arrived when the power went: dpkg alone cannot complete it. */
async function expectCompleted(machine: Machine): Promise<void> {
  await machine.run(
    `set -e; cd /root; dpkg --force-depends --purge jq libjq1; apt-get -qq download jq; dpkg --unpack jq_*.deb; rm jq_*.deb
     /usr/local/lib/mastodon-host/steps/20-packages; test -z "$(dpkg --audit)"; jq --version`,
  );
}

export const fromBare = async (
  world: Inputs<"browser" | "cloud" | "dns" | "firewalls" | "machines" | "mirror" | "stack">,
) => {
  const { report } = world;
  const { mirror } = world;
  if (!mirror) throw new Error("this step needs machines that begin bare");
  const [isUp, returned] = await Promise.all([up(world), mirrorAway(world, mirror)]);
  if (!isUp) return false;
  await report.check(
    `with the mirror down for the first ${AWAY} s, each machine tries again, and its first apply installs the packages`,
    async () => {
      const boots = await Promise.all(world.machines.all().map((machine) => firstBoot(machine, returned)));
      return `${boots.map(figure).join("; ")}; ${mirror.served.toFixed(0)} MB served`;
    },
  );
  await report.check(
    "cloud-init and every unit succeeded, and no package started what was not configured",
    () => expectNothingWrong(world),
  );
  await report.check("a repository with a key other than Tailscale's is refused", () =>
    expectForeignKeyRefused(world.machines.main()),
  );
  await report.check("an interrupted installation that lacks dependencies is completed", () =>
    expectCompleted(world.machines.main()),
  );
  await report.check("a worker that loses its power while packages are installed ends up working", () =>
    powerCutWhileInstalling(world),
  );
  return report.check(
    "a second boot works with the mirror down, and so does another apply: nothing is installed",
    async () => {
      await mirror.down();
      const droplets = [
        world.machines.mainDroplet,
        ...world.machines.workerHosts().map(({ dropletName }) => dropletName),
      ];
      for (const droplet of droplets) await secondBoot(world, droplet);
    },
  );
};
