import * as pulumi from "@pulumi/pulumi";
import * as tls from "@pulumi/tls";
import type { WorkerSizing } from "../fleet/sizing/sizing";
import { machineHash, packed, userData } from "../machines/bundle";
import { workerHost } from "../machines/hosts";
import { workerServices } from "../services/roles";
import { cloudTag, type Names } from "../settings/names";
import type { Settings, WorkerPoolSettings } from "../settings/schema";
import type { Account } from "./account";
import { drain } from "./drain";
import { firewallByTag } from "./firewall";
import { mastodonSecrets } from "./hostSecrets";
import type { InstanceSecrets } from "./instanceSecrets";
import { Machine } from "./machine";
import type { MainDroplet } from "./mainDroplet";
import type { MediaBucket } from "./mediaBucket";
import type { PriorMachines } from "./priorMachines";
import { readiness } from "./readiness";
import type { Tailnet } from "./tailnet";

export interface WorkerPoolArgs {
  stack: string;
  settings: Settings;
  names: Names;
  pool: WorkerPoolSettings;
  /** Memory of what runs on each droplet. */
  sizing: WorkerSizing;
  account: Account;
  secrets: InstanceSecrets;
  media: MediaBucket;
  tailnet: Tailnet;
  prior: PriorMachines;
  /** Workers wait for main in any case. Waiting here as well shows whether main or the worker is broken. */
  after: MainDroplet;
}

/**
 * Identical droplets that run Sidekiq and hold no data. A droplet is replaced exactly when its files, its size or the pool's `generation`
 * change, and the old one is deleted after the new one works. The Mastodon version changes in place.
 */
export class WorkerPool extends pulumi.ComponentResource {
  /** Names in the tailnet. */
  readonly hostnames: pulumi.Output<string>[];
  /** Public addresses, from which the workers deliver to other servers. */
  readonly outboundIpv4: pulumi.Output<string>[];
  /** The same with `main.ipv6`; empty without. */
  readonly outboundIpv6: pulumi.Output<string>[];

  constructor(name: string, args: WorkerPoolArgs, opts?: pulumi.ComponentResourceOptions) {
    super("mastodon-hosting:index:WorkerPool", name, {}, opts);
    const { settings, names, pool, account, secrets } = args;

    // Workers make nearly all deliveries, so they need IPv6 to reach servers that have nothing else.
    const { ipv6 } = settings.main;
    const poolName = `${names.prefix}-${pool.name}`;
    const firewall = firewallByTag(
      name,
      {
        firewallName: `${names.prefix}-worker-${pool.name}`,
        tagName: cloudTag(args.stack, "worker", pool.name),
        services: workerServices,
      },
      this,
    );
    const hostKey = new tls.PrivateKey(`${name}-host-key`, { algorithm: "ED25519" }, { parent: this });
    const hostKeys = {
      privatePem: hostKey.privateKeyOpenssh,
      publicOpenSsh: hostKey.publicKeyOpenssh.apply((key) => key.trim()),
    };
    const image = pulumi.secret(
      pulumi
        .all([
          mastodonSecrets(secrets, args.media),
          secrets.deployKey.publicOpenSsh,
          secrets.held.consolePassword,
          hostKeys,
        ])
        .apply(([mastodon, deployKey, consolePassword, key]) => {
          const { stack, sizing } = args;
          const bundle = workerHost({ stack, settings, names, pool, sizing, deployKey, secrets: mastodon });
          const boot = { consolePassword, hostKey: key };
          return { packed: packed(bundle), boot, hash: machineHash(bundle, boot) };
        }),
    );
    // Plain on purpose: a secret trigger never fires. A hash of high-entropy secrets reveals nothing.
    const trigger = pulumi
      .unsecret(image.hash)
      .apply((hash) => `${pool.size} generation ${pool.generation} ${hash}${ipv6 ? " ipv6" : ""}`);

    const machines = Array.from({ length: pool.count }, (_, i) => {
      const machineName = `${name}-${i + 1}`;
      const machine = new Machine(
        machineName,
        {
          dropletName: `${poolName}-${i + 1}`,
          region: settings.region,
          size: pool.size,
          account,
          firewall,
          tailnet: args.tailnet,
          tailnetTag: names.tags.worker,
          monitoring: settings.monitoring,
          ipv6,
          trigger,
          order: "new-first",
          prior: args.prior,
          userData: (own) =>
            pulumi
              .all([image, own])
              .apply(([{ packed, boot }, mine]) => userData(packed, { ...mine, ...boot })),
        },
        { parent: this },
      );
      if (settings.readiness === "wait") {
        const own = {
          host: machine.hostname,
          privateKey: secrets.deployKey.privatePem,
          hostKey: hostKeys.publicOpenSsh,
          dropletId: machine.droplet.id,
        };
        drain(`${machineName}-drain`, own, { parent: machine });
        readiness(
          `${machineName}-ready`,
          { ...own, create: "/usr/local/sbin/mastodon-ready 1200" },
          { parent: machine, dependsOn: args.after.ready ? [args.after.ready] : [] },
        );
      }
      return machine;
    });

    this.hostnames = machines.map(({ hostname }) => hostname);
    this.outboundIpv4 = machines.map(({ droplet }) => droplet.ipv4Address);
    this.outboundIpv6 = ipv6 ? machines.map(({ droplet }) => droplet.ipv6Address) : [];
    this.registerOutputs({ hostnames: this.hostnames });
  }
}
