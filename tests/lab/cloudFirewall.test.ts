/** The cloud's firewalls of a rehearsal, as nftables gets them. */

import { DigitalOceanAccount } from "../../doubles/digitaloceanAccount";
import type { Machines } from "../../doubles/machines";
import { routes, ruleset } from "../../lab/cloudFirewall";

const none = {} as Machines;

function account(
  ...firewalls: { tags: string[]; inboundRules: { protocol: string; portRange?: string }[] }[]
) {
  const made = new DigitalOceanAccount("main", none);
  firewalls.forEach((inputs, index) => {
    made.add({
      type: "digitalocean:index/firewall:Firewall",
      id: String(index),
      name: `firewall-${index}`,
      inputs,
      outputs: {},
    });
  });
  return made;
}

const main = { addresses: ["10.99.0.2", "fd99::2"], tags: ["mastodon:prod:main"], reserved: ["203.0.113.9"] };

test("a droplet gets what the firewalls of its tags let in, on both families, and nothing else", () => {
  const rules = ruleset(
    [main],
    [
      account(
        {
          tags: ["mastodon:prod:main"],
          inboundRules: [
            { protocol: "tcp", portRange: "443" },
            { protocol: "udp", portRange: "41641" },
            { protocol: "icmp" },
          ],
        },
        { tags: ["mastodon:other:main"], inboundRules: [{ protocol: "tcp", portRange: "22" }] },
      ),
    ],
  );
  expect(rules).toContain(
    [
      "  chain droplet_0 {",
      "    tcp dport 443 accept",
      "    udp dport 41641 accept",
      "    meta l4proto { icmp, ipv6-icmp } accept",
      "    drop",
      "  }",
    ].join("\n"),
  );
  expect(rules).not.toContain("dport 22");
  expect(rules).toContain("    ip daddr 10.99.0.2 jump droplet_0\n    ip6 daddr fd99::2 jump droplet_0");
});

test("a droplet without a firewall is open, as at DigitalOcean", () => {
  expect(ruleset([main], [account()])).toContain("  chain droplet_0 {\n    accept\n  }");
});

const reserved = { ...main, reserved: ["203.0.113.9", "2604:a880:800:14::1"] };

test("a reserved IPv4 address is translated to its droplet's own", () => {
  expect(ruleset([reserved], [account()])).toContain("    ip daddr 203.0.113.9 dnat ip to 10.99.0.2");
});

test("a reserved IPv6 address leads to its droplet untranslated, through the firewall", () => {
  const rules = ruleset([reserved], [account()]);
  expect(rules).toContain("    ip6 daddr 2604:a880:800:14::1 jump droplet_0");
  expect(rules).not.toContain("dnat ip6");
  expect(routes([reserved])).toEqual([
    ["ip", "-6", "route", "replace", "2604:a880:800:14::1/128", "via", "fd99::2", "dev", "droplets"],
  ]);
});
