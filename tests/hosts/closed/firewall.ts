/** What the hosts' own firewall lets in, with nothing of DigitalOcean's before it. */
import type { Machine } from "../../../lab/machine";
import { Network } from "../../../lab/network";
import { mainInputs } from "../../support/mainFixtures";
import { tailnetAddresses } from "../tailnet";
import { type Pairs, rules } from "./bed";
import { type Found, type Knocks, passed } from "./probe";

/** ICMP and ICMPv6. */
const ECHO = { v4: 1, v6: 58 } as const;
const WIREGUARD = 41641;
/** What listens on one of the hosts, and what somebody might look for. */
const LIKELY = [22, 53, 80, 443, 2375, 3000, 4000, 5432, 6379, 6380, 6432, 9080, 9400, WIREGUARD];

const only = (tcp: number[], family: keyof typeof ECHO): Found => ({
  tcp,
  udp: [WIREGUARD],
  others: [ECHO[family]],
});

/** What a worker lets in from outside, of the likely ports. */
const likelyPassed = ({ worker, lab }: ReturnType<Pairs>) =>
  passed({
    machine: worker,
    through: "eth0",
    address: worker.address,
    from: lab.network,
    ports: LIKELY,
  });

export function firewallTests(pair: Pairs): void {
  describe.each(["v4", "v6"] as const)("of all 65,535 ports, TCP and UDP, IP%s,", (family) => {
    const addressOf = (who: "main" | "worker") =>
      family === "v4" ? pair()[who].address : pair()[who].address6;
    const tailnetOf = (who: "main" | "worker") => tailnetAddresses(pair()[who].number)[family];
    const fromOutside = (who: "main" | "worker", changes: Partial<Knocks> = {}) =>
      passed({
        machine: pair()[who],
        through: "eth0",
        address: addressOf(who),
        from: pair().lab.network,
        ...changes,
      });

    test("main shows the internet 80, 443 and WireGuard's, and answers a ping", async () => {
      expect(await fromOutside("main")).toEqual(only([80, 443], family));
    });

    test("a worker shows the internet WireGuard's alone, and answers a ping", async () => {
      expect(await fromOutside("worker")).toEqual(only([], family));
    });

    // Who of the tailnet may use which of them, its policy says (tests/components/tailnetPolicy.test.ts).
    test("main shows the tailnet ssh, pgbouncer, both Redis and the page of the watch", async () => {
      const { main, worker } = pair();
      expect(
        await passed({ machine: main, through: "tailscale0", address: tailnetOf("main"), from: worker }),
      ).toEqual(only([22, 6379, 6380, 6432, 9080], family));
    });

    test("a worker shows the tailnet ssh alone", async () => {
      const { main, worker } = pair();
      expect(
        await passed({ machine: worker, through: "tailscale0", address: tailnetOf("worker"), from: main }),
      ).toEqual(only([22], family));
    });

    test("main's tailnet address opens nothing more to who sends to it from outside the tailnet", async () => {
      const { lab } = pair();
      await lab.network.run(["ip", "route", "add", tailnetOf("main"), "via", addressOf("main")]);
      expect(await fromOutside("main", { address: tailnetOf("main"), ports: LIKELY })).toEqual(
        only([80, 443], family),
      );
      await lab.network.run(["ip", "route", "del", tailnetOf("main")]);
    });

    test("nothing is forwarded, even where the kernel would", async () => {
      const { lab, main } = pair();
      const [target, gateway, forwarding] =
        family === "v4"
          ? ["198.51.100.9", Network.GATEWAY, "net.ipv4.ip_forward"]
          : ["2001:db8::9", Network.GATEWAY6, "net.ipv6.conf.all.forwarding"];
      await main.run(`ip route add ${target} via ${gateway} && sysctl -q ${forwarding}=1`);
      await lab.network.run(["ip", "route", "add", target, "via", addressOf("main")]);
      expect(await fromOutside("main", { address: target, hook: "forward", ports: LIKELY })).toEqual({
        tcp: [],
        udp: [],
        others: [],
      });
      await lab.network.run(["ip", "route", "del", target]);
      await main.run(`ip route del ${target} && sysctl -q ${forwarding}=0`);
    });
  });

  test("a worker without tailscale0 is as closed, and its rules load", async () => {
    const { worker } = pair();
    await worker.run("systemctl stop tailscaled && ! ip link show tailscale0 2>/dev/null");
    try {
      await worker.run("/usr/local/lib/mastodon-host/steps/30-firewall");
      expect(await likelyPassed(pair())).toEqual(only([], "v4"));
    } finally {
      // Until Sidekiq is back: stopped while it starts it would be missed for a minute.
      await worker.run("systemctl start tailscaled && mastodon-ready 180");
    }
  });

  test("what a machine began itself is answered", async () => {
    const { main, worker } = pair();
    const http = `curl -s -o /dev/null -w '%{http_code}' -H 'Host: ${mainInputs().names.web}'`;
    expect(await worker.run(`${http} http://${main.address}/`)).toBe("301");
    expect(await worker.run(`${http} 'http://[${main.address6}]/'`)).toBe("301");
    const { v4 } = tailnetAddresses(main.number);
    expect((await worker.attempt(`redis-cli -h ${v4} PING`)).stdout).toContain("NOAUTH");
  });

  test.each(["docker", "containerd", "tailscaled"])("a restart of %s changes no rule", async (unit) => {
    for (const machine of [pair().main, pair().worker]) {
      const before = await rules(machine);
      expect(before).toContain("policy drop");
      await machine.run(`systemctl restart ${unit}`);
      expect(await rules(machine)).toBe(before);
    }
  });

  test("a stopped nftables.service leaves the rules, and so does a broken file", async () => {
    const { main } = pair();
    const before = await rules(main);
    await main.run("systemctl stop nftables.service");
    expect(await rules(main)).toBe(before);

    const broken = "/etc/mastodon-host/firewall.d/zz.nft";
    await main.run(`echo 'add rule inet mastodon input tcp dport accept' >${broken}`);
    const { code, stderr } = await main.attempt("/usr/local/lib/mastodon-host/steps/30-firewall");
    expect(code).toBe(1);
    expect(stderr).toContain("firewall.nft is broken; the rules that are loaded stay");
    expect((await main.attempt("systemctl restart nftables.service")).code).toBe(1);
    expect(await rules(main)).toBe(before);
    await main.run(`rm ${broken} && /usr/local/lib/mastodon-host/steps/30-firewall`);
    expect(await rules(main)).toBe(before);
    expect(await main.run("systemctl is-active nftables.service")).toBe("active\n");
  });
}

export function rebootTests(pair: Pairs): void {
  test("after a reboot the rules are there before the network and before anything listens", async () => {
    const { main, worker } = pair();
    const reboot = async (machine: Machine) => {
      const before = await rules(machine);
      await machine.stop();
      await machine.start();
      await machine.booted();
      expect(await rules(machine)).toBe(before);
      const at = async (moment: string, unit: string) =>
        Number(await machine.run(`systemctl show -P ${moment}TimestampMonotonic ${unit}.service`));
      const closed = await at("ActiveEnter", "nftables");
      expect(closed).toBeGreaterThan(0);
      for (const unit of [
        "systemd-networkd",
        "ssh",
        "tailscaled",
        "docker",
        ...(machine === main ? ["nginx"] : []),
      ])
        expect({ unit, after: (await at("InactiveExit", unit)) > closed }).toEqual({ unit, after: true });
    };
    await Promise.all([reboot(main), reboot(worker)]);
    expect(await likelyPassed(pair())).toEqual(only([], "v4"));
  });
}
