/** Units and drop-ins, read by the systemd of the packages' own units. */

import type { Machine } from "../../../lab/machine";
import type { HostBundle } from "../../../machines/bundle";
import { Lab, mainBundle, workerBundle } from "../lab";
import { check, installed } from "./installed";

const UNITS = "/etc/systemd/system/";
const BUNDLES: Record<string, HostBundle> = {
  main: mainBundle({
    main: { ipv6: true },
    monitoring: true,
    remoteWrite: { url: "http://100.64.0.7:9090/api/v1/write" },
  }),
  worker: workerBundle({ monitoring: true }),
};

/** Names of the bundle's own units, and of those that it adds a drop-in to. */
function unitsOf(bundle: HostBundle): { own: string[]; changed: string[] } {
  const names = bundle.files
    .filter(({ path }) => path.startsWith(UNITS))
    .map(({ path }) => path.slice(UNITS.length));
  return {
    own: names.filter((name) => !name.includes("/")),
    changed: names.flatMap((name) => /^(.*)\.d\/[^/]+$/.exec(name)?.[1] ?? []),
  };
}

const machines: Record<string, Machine> = {};
let lab: Lab;

beforeAll(async () => {
  lab = await Lab.create();
  const started = await installed(lab, ...Object.values(BUNDLES));
  for (const [i, role] of Object.keys(BUNDLES).entries()) machines[role] = started[i] as Machine;
  for (const machine of started) {
    // DigitalOcean's repository is not to be had here: a unit as its package brings it.
    machine.write(
      "/usr/lib/systemd/system/do-agent.service",
      "[Service]\nExecStart=/bin/true\nUser=daemon\n",
    );
    await machine.run("systemctl daemon-reload");
  }
}, 900_000);

afterAll(() => lab?.remove());

/**
 * The most that systemd-analyze may find each service of ours exposed, in tenths of its points: 100 has no sandbox at all,
 * 10 is as tight as Debian's own Redis.
 */
const BOUNDS: Record<string, number> = {
  "mastodon-backup.service": 45,
  "mastodon-backup-dump.service": 45,
  "mastodon-backup-federation.service": 45,
  "mastodon-backup-redis.service": 45,
  "mastodon-open-ports.service": 20,
  "mastodon-probe.service": 20,
  "mastodon-waiting-room.service": 15,
  "reserved-ipv6.service": 25,
  "tailnet-address.service": 25,
};

/** Those without a sandbox, and why: most of them act as root on the whole machine, and a sandbox would be for show. */
const UNCONFINED: Record<string, string> = {
  "certificate.service": "runs certbot and its hooks, tests nginx' configuration and reloads it",
  "data-volume.service": "grows a filesystem",
  "host-apply.service": "runs the steps: packages, mounts, units",
  "mastodon-backup-due.service": "starts other units",
  "mastodon-housekeeping.service": "drives Docker, whose socket is as good as root",
  "mastodon-release.service": "drives Docker",
  "mastodon-restore-serve.service": "starts other units, and exchanges databases",
  "mastodon-traffic.service": "drives Docker and the firewall",
  "mastodon-upgrade.service": "drives Docker",
  "mastodon-watch.service": "drives Docker",
  "mastodon-worker.service": "drives Docker",
  "mastodon.service": "drives Docker",
  "owner-account.service": "drives Docker",
  "postgres-upgrade.service": "installs a package, stops and starts clusters",
  "tailscale-upgrade.service": "installs a package",
  "volume-watch.service": "runs the steps",
};

describe("static", () => {
  describe.each(Object.keys(BUNDLES))("%s", (role) => {
    const { own, changed } = unitsOf(BUNDLES[role] as HostBundle);
    const machine = () => machines[role] as Machine;

    test("systemd-analyze verify has not a word to say on any unit or drop-in, and notices a slip in each kind", async () => {
      const names = [...own, ...changed].map((name) => name.replace("@.", "@x."));
      const verify = `systemd-analyze verify --man=no ${names.join(" ")}`;
      expect(await machine().attempt(verify)).toEqual({ code: 0, stdout: "", stderr: "" });
      for (const kind of ["service", "timer", "mount"]) {
        const unit = own.find((name) => name.endsWith(`.${kind}`));
        if (!unit) continue;
        await check(machine(), {
          name: "systemd-analyze verify",
          command: `said=$(${verify} 2>&1); echo "$said"; [[ -z $said ]]`,
          slip: { path: UNITS + unit, from: /^\[Unit\]|^\[Timer\]/, to: "$&\nRequried=x.service" },
          says: "Unknown key 'Requried' in section",
        });
      }
      await check(machine(), {
        name: "systemd-analyze verify",
        command: `said=$(${verify} 2>&1); echo "$said"; [[ -z $said ]]`,
        slip: {
          path: `${UNITS}nftables.service.d/mastodon-host.conf`,
          from: "/usr/sbin/nft -f",
          to: "/usr/sbin/nftt -f",
        },
        says: "Command /usr/sbin/nftt is not executable",
      });
    });

    test("every timer's calendar names a time", async () => {
      for (const timer of own.filter((name) => name.endsWith(".timer"))) {
        const calendar = /^OnCalendar=(.+)$/m.exec(machine().read(UNITS + timer))?.[1];
        if (calendar)
          expect(await machine().run(`systemd-analyze calendar '${calendar}'`)).toContain("Next elapse: ");
      }
    });

    test("each service of ours is within its sandbox's bound, or has a reason for none", async () => {
      const services = own.filter((name) => name.endsWith(".service"));
      expect(services.filter((name) => Number(name in BOUNDS) + Number(name in UNCONFINED) !== 1)).toEqual(
        [],
      );
      for (const name of services.filter((service) => service in BOUNDS)) {
        const { code, stdout } = await machine().attempt(
          `systemd-analyze security --no-pager --threshold=${BOUNDS[name]} ${name}`,
        );
        expect([name, code, /level for .*/.exec(stdout)?.[0]]).toEqual([name, 0, expect.any(String)]);
      }
    });
  });

  test("the tailnet's address reaches pgbouncer's and Redis' configuration from within its sandbox", async () => {
    const main = machines.main as Machine;
    await main.run("systemctl start tailnet-address.service");
    expect(main.read("/etc/redis/tailnet.conf")).toMatch(/^bind 127\.0\.0\.1/);
    expect(main.read("/etc/pgbouncer/tailnet.ini")).toMatch(/^listen_addr = 127\.0\.0\.1/);
  });

  test("a Prometheus that sends a copy may reach that address, and otherwise only loopback", async () => {
    const main = machines.main as Machine;
    const listed = async (property: string) =>
      (await main.run(`systemctl show -P ${property} prometheus.service`)).trim().split(" ").sort();
    expect(await listed("IPAddressAllow")).toEqual(["100.64.0.7/32", "127.0.0.0/8", "::1/128"]);
    expect(await listed("IPAddressDeny")).toEqual(["0.0.0.0/0", "::/0"]);
  });

  test("the reserved IPv6 address is configured from within its sandbox", async () => {
    const main = machines.main as Machine;
    main.write("/root/metadata/metadata/v1/reserved_ip/ipv6/active", "true");
    main.write("/root/metadata/metadata/v1/reserved_ip/ipv6/ip_address", "2001:db8::7");
    await main.run(
      `ip addr add 169.254.169.254/32 dev lo &&
        systemd-run --quiet --working-directory=/root/metadata python3 -m http.server --bind 169.254.169.254 80`,
    );
    await main.waitFor(
      "metadata",
      10,
      async () => (await main.attempt("ss -ltnH 'sport = :80'")).stdout !== "",
    );
    await main.run("systemctl start reserved-ipv6.service");
    expect(await main.run("ip -6 -o addr show dev lo")).toContain("inet6 2001:db8::7/128 scope global");
    expect(await main.run("ip -6 route show default")).toContain("dev eth0 metric 1024");
  });
});
