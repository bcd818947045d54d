/** DigitalOcean's firewalls and reserved addresses, as the accounts have them, in front of the machines. */
import type { Cloud } from "../doubles/cloud";
import type { BootedMachines } from "../lab/bootedMachines";
import { loadFirewall, type Protected, routes, ruleset } from "../lab/cloudFirewall";
import { run } from "../tools/run";

export class CloudFirewalls {
  private synced = Promise.resolve();

  constructor(private readonly cloud: Cloud<BootedMachines>) {}

  private get accounts() {
    return [this.cloud.main, this.cloud.workers];
  }

  /** Addresses that are assigned to the droplet. */
  reservedOf(dropletId: string) {
    const assigned = this.accounts.flatMap((account) => [...account.assigned]);
    const own = assigned.filter(([, id]) => id === dropletId).map(([address]) => address);
    return {
      reservedIpv4: own.find((address) => !address.includes(":")),
      reservedIpv6: own.find((address) => address.includes(":")),
    };
  }

  /** Updates them to what the accounts say. */
  sync(): Promise<void> {
    // One after the other: machines boot at the same time, and the update that knows all of them must be the last to load.
    this.synced = this.synced.then(() => this.load());
    return this.synced;
  }

  private async load(): Promise<void> {
    const machines: Protected[] = this.cloud.machines.list().map(({ machine, tags, dropletId }) => ({
      addresses: [machine.address, machine.address6],
      tags,
      reserved: Object.values(this.reservedOf(dropletId)).filter((address) => address !== undefined),
    }));
    await loadFirewall(ruleset(machines, this.accounts));
    for (const route of routes(machines)) await run(route);
  }

  /** As if somebody had deleted the firewalls, and with them the reserved addresses. */
  async without(what: () => Promise<void>): Promise<void> {
    await run(["nft", "delete", "table", "inet", "cloud"]);
    try {
      await what();
    } finally {
      await this.sync();
    }
  }
}
