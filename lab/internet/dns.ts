/** The public DNS that the machines see: Amazon's names, those that are set here, and nothing else. */

import { Resolver } from "node:dns/promises";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { Daemon } from "../daemon";
import { AMAZON_ZONE, INTERNET } from "./addresses";

export class Dns {
  private readonly records = new Map<string, readonly string[]>();
  private daemon: Daemon | undefined;

  private constructor(private readonly hosts: string) {}

  static async start(folder: string): Promise<Dns> {
    const dns = new Dns(join(folder, "hosts"));
    dns.write();
    const resolver = new Resolver({ timeout: 500, tries: 1 });
    resolver.setServers([INTERNET.dns]);
    dns.daemon = await Daemon.start({
      name: "dns",
      folder,
      command: [
        "dnsmasq",
        "--keep-in-foreground",
        "--no-resolv",
        "--no-hosts",
        `--addn-hosts=${dns.hosts}`,
        "--user=root",
        "--bind-interfaces",
        `--listen-address=${INTERNET.dns}`,
        "--except-interface=lo",
        "--local-ttl=5",
        "--log-facility=-",
        `--address=/${AMAZON_ZONE}/${INTERNET.s3}`,
        // A name that is not set does not exist.
        "--address=/#/",
      ],
      ready: () => resolver.resolve4("ready.lab").then(Boolean, () => false),
    });
    return dns;
  }

  /** What a name resolves to from now on; if empty, it does not exist. */
  set(name: string, ...addresses: readonly string[]): void {
    this.records.set(name, addresses);
    this.write();
    this.daemon?.signal("SIGHUP");
  }

  private write(): void {
    const lines = [...this.records, ["ready.lab", [INTERNET.dns]] as const].flatMap(([name, addresses]) =>
      addresses.map((address) => `${address} ${name}\n`),
    );
    writeFileSync(this.hosts, lines.join(""));
  }

  async stop(): Promise<void> {
    await this.daemon?.stop();
  }
}
