/** Unattended upgrades, asked what they would do of everything that the archives offer. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Machine } from "../../../rehearsal/machine";
import { Lab, mainBundle, workerBundle } from "../lab";
import { installed } from "./installed";

const CONFIGURATION = "/etc/apt/apt.conf.d/60mastodon-host";
let lab: Lab;
let main: Machine;
let worker: Machine;

beforeAll(async () => {
  lab = await Lab.create();
  [main, worker] = (await installed(lab, mainBundle(), workerBundle())) as [Machine, Machine];
  await main.run("bash -s", { input: readFileSync(join(__dirname, "newerPackages.sh"), "utf8") });
}, 900_000);

afterAll(() => lab?.remove());

/** Packages that the next window would bring. */
async function upgraded(): Promise<string[]> {
  const said = await main.run("unattended-upgrade --dry-run --debug 2>&1");
  return /^Packages that will be upgraded: (.*)$/m.exec(said)?.[1]?.trim().split(" ").sort() ?? [];
}

describe("static", () => {
  test("security updates and Tailscale's come by themselves; Debian's other updates, other origins and databases do not", async () => {
    expect(await upgraded()).toEqual(["nginx", "openssl", "tailscale"]);
  });

  test("without the exclusions databases and Docker would come too, and without the origins nothing would", async () => {
    const text = main.read(CONFIGURATION);
    main.write(CONFIGURATION, text.replace(/^Unattended-Upgrade::Package-Blacklist .*$/m, ""));
    expect(await upgraded()).toEqual([
      "docker.io",
      "nginx",
      "openssl",
      "pgbouncer",
      "postgresql-17",
      "postgresql-client-17",
      "redis-server",
      "redis-tools",
      "tailscale",
    ]);
    main.write(CONFIGURATION, text.replace(/^Unattended-Upgrade::Origins-Pattern [\s\S]*?\n};$/m, ""));
    expect(await upgraded()).toEqual([]);
    main.write(CONFIGURATION, text);
  });

  test("apt has these lists and no entry of Debian's own; main never reboots by itself", async () => {
    const value = async (machine: Machine, name: string) =>
      (await machine.run(`apt-config dump --format '%f=%v%n'`))
        .split("\n")
        .flatMap((line) => (line.startsWith(`${name}=`) ? [line.slice(name.length + 1)] : []))
        .filter((text) => text !== "");
    for (const machine of [main, worker]) {
      expect(await value(machine, "Unattended-Upgrade::Origins-Pattern::")).toEqual([
        expect.stringMatching(
          /^origin=Debian,codename=\$\{distro_codename\}-security,label=Debian-Security$/,
        ),
        "site=pkgs.tailscale.com",
      ]);
      expect(await value(machine, "Unattended-Upgrade::Package-Blacklist::")).toEqual([
        "postgresql",
        "redis",
        "pgbouncer",
        "docker\\.io",
      ]);
      expect(await value(machine, "APT::Periodic::Unattended-Upgrade")).toEqual(["1"]);
    }
    expect(await value(main, "Unattended-Upgrade::Automatic-Reboot")).toEqual(["false"]);
    expect(await value(worker, "Unattended-Upgrade::Automatic-Reboot")).toEqual(["true"]);
  });

  test("workers' window is an hour after main's", async () => {
    const window = async (machine: Machine) =>
      /OnCalendar=(\S+ \d\d):/.exec(
        await machine.run("systemctl show -P TimersCalendar apt-daily-upgrade.timer"),
      )?.[1];
    const hour = (shown: string | undefined) => Number(shown?.slice(-2));
    expect(hour(await window(worker))).toBe((hour(await window(main)) + 1) % 24);
  });
});
