/** Unattended upgrades, asked what they would do of everything that the archives offer. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Machine } from "../../../lab/machine";
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
  // It fails where it has to keep something back.
  const { stdout } = await main.attempt("unattended-upgrade --dry-run --debug 2>&1");
  const keptBack = [
    ...stdout.matchAll(/Package (\S+) has conffile prompt and needs to be upgraded manually/g),
  ];
  const wanted = /^Packages that will be upgraded: (.*)$/m.exec(stdout)?.[1]?.trim().split(" ").sort() ?? [];
  return wanted.filter((name) => !keptBack.some(([, kept]) => kept === name));
}

const version = async (name: string) =>
  /^Version: (.*)$/m.exec(await main.run(`dpkg-query --status ${name}`))?.[1];

describe("static", () => {
  test("security updates come by themselves, also where they bring another configuration; Debian's other updates, other origins, databases and Tailscale's do not", async () => {
    expect(await upgraded()).toEqual(["nginx", "nginx-common", "openssl"]);
  });

  test("without the answer to dpkg's question an update with another configuration would be kept back", async () => {
    const text = main.read(CONFIGURATION);
    main.write(CONFIGURATION, text.replace(/^Dpkg::Options .*$/m, ""));
    expect(await upgraded()).toEqual(["nginx", "openssl"]);
    main.write(CONFIGURATION, text);
  });

  test("a broken repository costs what comes from it: 404, no answer, no signature, no sense, a contradiction", async () => {
    const broken = {
      agent: "deb [trusted=yes] http://deb.debian.org:8000/no-such trixie main",
      away: "deb [trusted=yes] http://10.99.0.250 trixie main",
      unsigned: "deb http://deb.debian.org:8000/unsigned trixie main",
      senseless: "deb http:",
      contradicting: "deb [trusted=no] http://deb.debian.org:8000/debian trixie main",
    };
    for (const [name, line] of Object.entries(broken))
      main.write(`/etc/apt/sources.list.d/${name}.list`, `${line}\n`);
    // As on a new machine: no list was ever fetched.
    await main.run("rm -rf /var/lib/apt/lists/* && echo tool-of-the-test >>/var/lib/mastodon-host/packages");
    const step = "/usr/local/lib/mastodon-host/steps/20-packages";
    const { code, stderr } = await main.attempt(step, { timeout: 300 });
    expect([code, stderr]).toEqual([0, expect.stringContaining("going on with the others")]);
    for (const name of ["senseless", "contradicting"])
      expect(stderr).toContain(
        `20-packages: apt cannot read /etc/apt/sources.list.d/${name}.list; going on without it\n`,
      );
    expect(await version("tool-of-the-test")).toBe("99:1");

    // What no repository has is still missed, and named.
    await main.run("echo nowhere-to-be-had >>/var/lib/mastodon-host/packages");
    const missed = await main.attempt(
      `sed 's/^  retry 5/  retry 1/' ${step} >/root/step && bash /root/step`,
      { timeout: 300 },
    );
    expect([missed.code, missed.stderr]).toEqual([
      1,
      expect.stringContaining("Unable to locate package nowhere-to-be-had"),
    ]);
    await main.run(
      `rm ${Object.keys(broken)
        .map((name) => `/etc/apt/sources.list.d/${name}.list`)
        .join(" ")} && apt-get -qq update`,
    );
  });

  test("without the exclusions databases and Docker would come too, and without the origins nothing would", async () => {
    const text = main.read(CONFIGURATION);
    main.write(CONFIGURATION, text.replace(/^Unattended-Upgrade::Package-Blacklist .*$/m, ""));
    expect(await upgraded()).toEqual([
      "docker.io",
      "nginx",
      "nginx-common",
      "openssl",
      "pgbouncer",
      "postgresql-17",
      "postgresql-client-17",
      "redis-server",
      "redis-tools",
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

  test("Tailscale's releases come once a week: to workers over a day, each at its own time, to main two days later", async () => {
    const timer = async (machine: Machine) => {
      const shown = await machine.run(
        "systemctl show -P TimersCalendar -P RandomizedDelayUSec -P FixedRandomDelay tailscale-upgrade.timer",
      );
      return [/OnCalendar=(\w+) /.exec(shown)?.[1], ...shown.trim().split("\n").slice(-2)];
    };
    expect(await timer(worker)).toEqual(["Tue", "20h", "yes"]);
    expect(await timer(main)).toEqual(["Thu", "30min", "yes"]);
    await main.run("systemctl start tailscale-upgrade.service");
    expect(await version("tailscale")).toBe("99:1");
  });

  test("an update that brings another configuration leaves ours, and asks nobody", async () => {
    const ours = main.read("/etc/nginx/nginx.conf");
    await main.run("apt-get -qq -y install nginx-common </dev/null");
    expect(main.read("/etc/nginx/nginx.conf")).toBe(ours);
    expect(await version("nginx-common")).toBe("99:1");
  });

  test("a version of Postgres that Debian does not have comes from the Postgres project, with nothing else of theirs", async () => {
    const script = main.read("/usr/local/lib/mastodon-host/clusters.sh");
    const line = `deb [signed-by=/usr/share/postgresql-common/pgdg/apt.postgresql.org.asc] https://apt.postgresql.org/pub/repos/apt trixie-pgdg main`;
    expect(script).toContain(line);
    await main.run("grep -q 'BEGIN PGP PUBLIC KEY' /usr/share/postgresql-common/pgdg/apt.postgresql.org.asc");
    // Their real archive cannot be had here, and neither can their signature.
    main.write(
      "/root/clusters.sh",
      script.replace(line, "deb [trusted=yes] http://apt.postgresql.org:8000/pgdg trixie-pgdg main"),
    );
    await main.run(
      "bash -euc '. /usr/local/lib/mastodon-host/common.sh; . /usr/local/lib/mastodon-host/apt.sh; . /root/clusters.sh; install_major 18'",
    );
    for (const name of ["postgresql-18", "postgresql-client-18", "libpq5"])
      expect([name, await version(name)]).toEqual([name, "99:1"]);
    const policy = await main.run("apt-cache policy xfsprogs");
    expect(policy).toContain("99:1 -1");
    expect(policy).not.toMatch(/Candidate: 99:1/);
  });

  test("a service that still runs replaced code is named until it is restarted, and so is a kernel that waits for a reboot", async () => {
    expect(await main.run("needs-restart")).toBe("");
    await main.run(
      "library=$(ls /usr/lib/x86_64-linux-gnu/systemd/libsystemd-shared-*.so); cp -a $library /root/new && mv /root/new $library",
    );
    expect(await main.run("needs-restart")).toContain("systemd-resolved.service\n");
    await main.run("systemctl restart systemd-resolved.service");
    expect(await main.run("needs-restart")).not.toContain("systemd-resolved.service\n");
    await main.run("touch /run/reboot-required");
    expect(await main.run("needs-restart")).toContain("the machine, for its kernel: systemctl reboot\n");
  });
});
