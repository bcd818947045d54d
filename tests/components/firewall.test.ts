import * as digitalocean from "@pulumi/digitalocean";
import * as pulumi from "@pulumi/pulumi";
import { firewallByTag } from "../../components/firewall";
import { mainServices } from "../../services/roles";
import { cloudTag } from "../../settings/names";
import { byName, custom, prod, runAlone } from "../support/stacks";

const ANYWHERE = ["0.0.0.0/0", "::/0"];

const rules = (...tcpPorts: string[]) => ({
  inboundRules: [
    ...tcpPorts.map((portRange) => ({ protocol: "tcp", portRange, sourceAddresses: ANYWHERE })),
    { protocol: "udp", portRange: "41641", sourceAddresses: ANYWHERE },
    { protocol: "icmp", sourceAddresses: ANYWHERE },
  ],
  outboundRules: [
    { protocol: "tcp", portRange: "1-65535", destinationAddresses: ANYWHERE },
    { protocol: "udp", portRange: "1-65535", destinationAddresses: ANYWHERE },
    { protocol: "icmp", destinationAddresses: ANYWHERE },
  ],
});

class Place extends pulumi.ComponentResource {
  constructor(provider: pulumi.ProviderResource) {
    super("test:index:Place", "place", {}, { providers: [provider] });
  }
}

test("a firewall attaches by its tag, and opens the given ports, WireGuard's and ICMP", async () => {
  const run = await runAlone(() => {
    const place = new Place(new digitalocean.Provider("do", { token: "token" }));
    firewallByTag(
      "main",
      { firewallName: "mastodon-prod-main", tagName: "mastodon:prod:main", services: mainServices },
      place,
    );
  });
  const { do: _, ...made } = byName(custom(run));
  expect(made).toEqual({
    "main-tag": {
      type: "Tag",
      parent: "Place place",
      provider: "do",
      dependsOn: [],
      inputs: { name: "mastodon:prod:main" },
    },
    "main-firewall": {
      type: "Firewall",
      parent: "Place place",
      provider: "do",
      dependsOn: ["main-tag"],
      inputs: { name: "mastodon-prod-main", tags: ["mastodon:prod:main"], ...rules("80", "443") },
    },
  });
});

test("the public sees 80 and 443 on main, and nothing but WireGuard's port on workers", async () => {
  const made = byName(custom(await prod()));
  expect(made["main-firewall"]?.inputs).toEqual({
    name: "mastodon-prod-main",
    tags: ["mastodon:prod:main"],
    ...rules("80", "443"),
  });
  expect(made["workers-general-firewall"]?.inputs).toEqual({
    name: "mastodon-prod-worker-general",
    tags: ["mastodon:prod:worker:general"],
    ...rules(),
  });
});

test("the firewall is there before the droplet that its tag puts behind it", async () => {
  const made = byName(custom(await prod()));
  for (const [droplet, firewall, tag] of [
    ["main-droplet", "main-firewall", "mastodon:prod:main"],
    ["workers-general-1-droplet", "workers-general-firewall", "mastodon:prod:worker:general"],
    ["workers-general-2-droplet", "workers-general-firewall", "mastodon:prod:worker:general"],
  ] as const) {
    expect(made[droplet]?.dependsOn).toContain(firewall);
    expect(made[droplet]?.inputs.tags).toEqual(["mastodon:prod", tag]);
  }
});

test("no stack's name makes its tags another stack's", () => {
  const tags = (stack: string) => [
    cloudTag(stack),
    cloudTag(stack, "main"),
    cloudTag(stack, "worker", "main"),
  ];
  const all = ["a", "a-main", "a-worker", "a-worker-main"].flatMap(tags);
  expect(new Set(all).size).toBe(all.length);
});
