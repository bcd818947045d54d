/** The machine's own firewall. DigitalOcean's firewall repeats its rules. */
import { dropIn, file, step } from "./hostFile";
import type { HostInputs } from "./inputs";
import { type Port, service } from "./service";

const opened = (set: string, ports: readonly number[]) =>
  ports.length > 0 ? `add element inet mastodon ${set} { ${ports.join(", ")} }\n` : "";

const numbers = (ports: readonly Port[], wanted: "tcp" | "udp") =>
  ports.filter(({ protocol = "tcp" }) => protocol === wanted).map(({ port }) => port);

export const firewall = service({
  name: "nftables",
  packages: ["nftables"],
  files: ({ settings: { monitoring } }: HostInputs, { ports }) => [
    step("firewall/30-firewall"),
    file("/etc/mastodon-host/firewall.nft", "firewall/firewall.nft"),
    {
      path: "/etc/mastodon-host/firewall.d/role.nft",
      content:
        opened("public_tcp", numbers(ports.public, "tcp")) +
        opened("public_udp", numbers(ports.public, "udp")) +
        opened("tailnet_tcp", ports.tailnet),
    },
    dropIn("nftables", "firewall/nftables.service.conf"),
    ...(monitoring ? [dropIn("do-agent", "firewall/do-agent.service.conf")] : []),
  ],
});
