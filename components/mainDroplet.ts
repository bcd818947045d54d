import * as digitalocean from "@pulumi/digitalocean";
import * as pulumi from "@pulumi/pulumi";
import * as tls from "@pulumi/tls";
import type { MainSizing } from "../fleet/sizing/sizing";
import { packed, RECEIVE, sent, userData } from "../machines/bundle";
import { mainHost } from "../machines/hosts";
import { mainServices } from "../services/roles";
import type { Prediction } from "../services/watch/prediction";
import { cloudTag, type Names } from "../settings/names";
import type { Settings } from "../settings/schema";
import type { Account } from "./account";
import type { BackupBucket } from "./backupBucket";
import { escrowStateOf } from "./escrow";
import { firewallByTag } from "./firewall";
import { mainSecrets } from "./hostSecrets";
import type { InstanceSecrets } from "./instanceSecrets";
import { Machine } from "./machine";
import type { MediaBucket } from "./mediaBucket";
import type { PriorMachines } from "./priorMachines";
import { readiness } from "./readiness";
import type { Tailnet } from "./tailnet";

export interface MainDropletArgs {
  stack: string;
  settings: Settings;
  names: Names;
  /** Sizes of what runs on the droplet. */
  sizing: MainSizing;
  /** What the capacity model expects of the fleet. */
  prediction: Prediction;
  account: Account;
  secrets: InstanceSecrets;
  media: MediaBucket;
  backups: BackupBucket;
  tailnet: Tailnet;
  prior: PriorMachines;
}

/**
 * The main droplet, with everything that outlives it: the data volume, the reserved addresses, the DNS records.
 *
 * Only `main.generation` replaces the droplet. Every other change reaches the living machine: its files go over the tailnet and are applied
 * by the script that also ran at its first boot.
 */
export class MainDroplet extends pulumi.ComponentResource {
  /** Address that the instance's names point to. */
  readonly ipv4: pulumi.Output<string>;
  /** Reserved IPv6 address, with `main.ipv6`. */
  readonly ipv6: pulumi.Output<string> | undefined;
  /** Address that outgoing connections and mail come from: the droplet's own address, not the reserved one. */
  readonly outboundIpv4: pulumi.Output<string>;
  /** The same with `main.ipv6`. */
  readonly outboundIpv6: pulumi.Output<string> | undefined;
  /** Name in the tailnet. */
  readonly hostname: pulumi.Output<string>;
  /** Completes when main works; absent with `readiness: none`. */
  readonly ready: pulumi.Resource | undefined;

  constructor(name: string, args: MainDropletArgs, opts?: pulumi.ComponentResourceOptions) {
    super("mastodon-hosting:index:MainDroplet", name, {}, opts);
    const { settings, names, account } = args;
    const { region, main } = settings;
    const kept = { parent: this, protect: settings.protect };

    const firewall = firewallByTag(
      name,
      {
        firewallName: `${names.prefix}-main`,
        tagName: cloudTag(args.stack, "main"),
        services: mainServices,
      },
      this,
    );

    const volumeName = names.dataVolume;
    const volume = new digitalocean.Volume(
      `${name}-data`,
      {
        name: volumeName,
        region,
        size: main.volumeGiB,
        initialFilesystemType: "xfs",
        // Tells the host that this volume is new and may be given a database.
        initialFilesystemLabel: "mastodon-new",
        tags: [account.tag],
      },
      { ...kept, ignoreChanges: ["initialFilesystemLabel", "initialFilesystemType"] },
    );

    // Its name changes with what is about to change: the new one is taken first, then the upgrade runs, then the old one is deleted.
    const snapshot = settings.upgrade.snapshot
      ? new digitalocean.VolumeSnapshot(
          `${name}-snapshot`,
          {
            name: `${names.prefix}-before-${settings.mastodonVersion.replaceAll(".", "-")}-postgres-${settings.postgresVersion}`,
            volumeId: volume.id,
            tags: [account.tag],
          },
          { parent: this },
        )
      : undefined;

    const address = new digitalocean.ReservedIp(`${name}-ipv4`, { region }, kept);
    const address6 = main.ipv6
      ? new digitalocean.ReservedIpv6(`${name}-ipv6`, { regionSlug: region }, kept)
      : undefined;

    const hostKey = new tls.PrivateKey(`${name}-host-key`, { algorithm: "ED25519" }, { parent: this });
    const hostKeys = {
      privatePem: hostKey.privateKeyOpenssh,
      publicOpenSsh: hostKey.publicKeyOpenssh.apply((key) => key.trim()),
    };
    const bundle = pulumi.secret(
      pulumi
        .all([
          mainSecrets(args.secrets, args.media, args.backups),
          args.secrets.deployKey.publicOpenSsh,
          escrowStateOf(args.secrets, settings.escrow),
        ])
        .apply(([secrets, deployKey, escrow]) => {
          const { stack, sizing, prediction } = args;
          const given = {
            stack,
            settings,
            names,
            sizing,
            prediction,
            escrow,
            volumeName,
            deployKey,
            secrets,
          };
          const host = mainHost(given);
          return { packed: packed(host), sent: sent(host) };
        }),
    );
    const machine = new Machine(
      name,
      {
        dropletName: names.mainDroplet,
        region,
        size: main.size,
        account,
        firewall,
        tailnet: args.tailnet,
        tailnetTag: names.tags.main,
        monitoring: settings.monitoring,
        ipv6: main.ipv6,
        trigger: `generation ${main.generation}`,
        order: "old-first",
        prior: args.prior,
        // A volume or address cannot be deleted while it is attached or assigned, and only the droplet's deletion detaches it.
        outlivedBy: [volume, address, ...(address6 ? [address6] : [])],
        userData: (own) =>
          pulumi
            .all([bundle.packed, own, args.secrets.held.consolePassword, hostKeys])
            .apply(([files, boot, consolePassword, key]) =>
              userData(files, { ...boot, consolePassword, hostKey: key }),
            ),
      },
      { parent: this },
    );
    const dropletId = machine.droplet.id.apply(Number);
    // Deleting a droplet detaches its volume and its addresses. The provider itself would detach the volume from a running machine, remove
    // the addresses before the shutdown, and panic if an address is unassigned (4.80.1).
    const untilTheDropletEnds = { parent: this, deleteBeforeReplace: true, retainOnDelete: true };

    const attachment = new digitalocean.VolumeAttachment(
      `${name}-data-attachment`,
      { dropletId, volumeId: volume.id },
      untilTheDropletEnds,
    );
    // One after the other: a droplet has one action at a time, and the provider asks for the IPv6 address only once.
    const assignment = new digitalocean.ReservedIpAssignment(
      `${name}-ipv4-assignment`,
      { ipAddress: address.ipAddress, dropletId },
      { ...untilTheDropletEnds, dependsOn: [attachment] },
    );
    const addresses: Address[] = [{ type: "A", value: address.ipAddress }];
    const waitFor: pulumi.Resource[] = [attachment, assignment, ...(snapshot ? [snapshot] : [])];
    if (address6) {
      waitFor.push(
        new digitalocean.ReservedIpv6Assignment(
          `${name}-ipv6-assignment`,
          { ip: address6.ip, dropletId },
          { ...untilTheDropletEnds, dependsOn: [assignment] },
        ),
      );
      this.ipv6 = address6.ip;
      addresses.push({ type: "AAAA", value: address6.ip });
    }
    if (settings.dnsZone) addressRecords(name, settings.dnsZone, [names.web, names.media], addresses, this);

    if (settings.readiness === "wait") {
      this.ready = readiness(
        `${name}-ready`,
        {
          host: machine.hostname,
          privateKey: args.secrets.deployKey.privatePem,
          hostKey: hostKeys.publicOpenSsh,
          dropletId: machine.droplet.id,
          create: RECEIVE,
          stdin: bundle.sent,
        },
        {
          parent: this,
          dependsOn: waitFor,
          deleteBeforeReplace: true,
          // An upgrade's migrations may take hours. Each of its steps has its own limit on the machine.
          customTimeouts: { create: "12h", update: "12h" },
        },
      );
    }

    this.ipv4 = address.ipAddress;
    this.outboundIpv4 = machine.droplet.ipv4Address;
    if (main.ipv6) this.outboundIpv6 = machine.droplet.ipv6Address;
    this.hostname = machine.hostname;
    account.show(`${name}-data`, volume.volumeUrn, this);
    this.registerOutputs({
      ipv4: this.ipv4,
      ipv6: this.ipv6,
      outboundIpv4: this.outboundIpv4,
      hostname: this.hostname,
    });
  }
}

interface Address {
  type: "A" | "AAAA";
  value: pulumi.Input<string>;
}

/** One record for each name and address. An hour is long enough to cache, and short enough to move. */
function addressRecords(
  name: string,
  zone: string,
  hosts: string[],
  addresses: Address[],
  parent: pulumi.Resource,
) {
  for (const host of hosts) {
    for (const { type, value } of addresses) {
      const label = host === zone ? "@" : host.slice(0, -zone.length - 1);
      new digitalocean.DnsRecord(
        `${name}-${host}-${type.toLowerCase()}`,
        { domain: zone, type, name: label, value, ttl: 3600 },
        { parent },
      );
    }
  }
}
