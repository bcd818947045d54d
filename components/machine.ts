import * as digitalocean from "@pulumi/digitalocean";
import * as pulumi from "@pulumi/pulumi";
import type * as tailscale from "@pulumi/tailscale";
import type { BootSecrets } from "../machines/bundle";
import { shortKeyId } from "../settings/names";
import type { Account } from "./account";
import type { TagFirewall } from "./firewall";
import { type MadeMachine, needsNewKey, type PriorMachine, type PriorMachines } from "./priorMachines";
import type { Tailnet } from "./tailnet";

export interface MachineArgs {
  /** DigitalOcean's name of the droplet. Names may repeat: a new worker runs next to the one that it replaces. */
  dropletName: string;
  region: string;
  /** Droplet size (slug). */
  size: string;
  account: Account;
  firewall: TagFirewall;
  tailnet: Tailnet;
  tailnetTag: string;
  monitoring: boolean;
  ipv6: boolean;
  /** Plain text; a change of it replaces the droplet together with its key. */
  trigger: pulumi.Input<string>;
  /** `old-first` if both cannot exist at once (there is one data volume); `new-first` if the fleet must not shrink. */
  order: "old-first" | "new-first";
  /** What the state says about the machines before this run. */
  prior: PriorMachines;
  /** These exist before the droplet is created, and are deleted after it. */
  outlivedBy?: pulumi.Resource[];
  /** Renders the cloud-config from what only this machine has. */
  userData: (boot: pulumi.Output<Pick<BootSecrets, "hostname" | "authKey">>) => pulumi.Output<string>;
}

/**
 * Inputs that would change or replace a living droplet: a new size would power it off hard; new user data or keys would replace it. Only
 * its trigger replaces it, and then it takes the new values of all of these.
 */
const ONLY_WITH_A_NEW_DROPLET = [
  "dropletAgent",
  "image",
  "ipv6",
  "monitoring",
  "size",
  "sshKeys",
  "userData",
  "vpcUuid",
];

/** A droplet with its own auth key, with which it joins the tailnet once. */
export class Machine extends pulumi.ComponentResource {
  readonly droplet: digitalocean.Droplet;
  /** Name in the tailnet; each droplet ever made has a different one. */
  readonly hostname: pulumi.Output<string>;

  constructor(name: string, args: MachineArgs, opts?: pulumi.ComponentResourceOptions) {
    super("mastodon-hosting:index:Machine", name, {}, opts);
    const prior = args.prior(name);
    const anew = needsNewKey(prior);
    if (anew) {
      pulumi.log.info(
        `${name} gets a new auth key: its droplet does not exist yet, and the key in the state may be spent or expired by now.`,
        this,
      );
    }
    const key = args.tailnet.mintKey(
      `${name}-auth-key`,
      { tag: args.tailnetTag, description: args.dropletName, trigger: args.trigger, anew },
      this,
    );
    this.hostname = key.id.apply((id) => `${args.dropletName}-${shortKeyId(id)}`);
    this.droplet = new digitalocean.Droplet(
      `${name}-droplet`,
      {
        name: args.dropletName,
        region: args.region,
        size: args.size,
        image: "debian-13-x64",
        tags: [args.account.tag, args.firewall.tag],
        sshKeys: [args.account.sshKeyId],
        monitoring: args.monitoring,
        ipv6: args.ipv6,
        // The agent lets DigitalOcean's web console in over ssh, which no firewall here opens.
        dropletAgent: false,
        // A droplet cannot return to a smaller size once its disk has grown.
        resizeDisk: false,
        // Mastodon stops, then the databases; then the volume is unmounted.
        gracefulShutdown: true,
        userData: pulumi.secret(args.userData(pulumi.output({ hostname: this.hostname, authKey: key.key }))),
      },
      {
        parent: this,
        dependsOn: [args.firewall.firewall, ...(args.outlivedBy ?? [])],
        ignoreChanges: ONLY_WITH_A_NEW_DROPLET,
        replaceWith: [key],
        // `replaceWith` works once, in the run that replaces the key. If that run fails in between, this trigger makes the next run finish
        // it.
        replacementTrigger: key.id,
        hooks: { beforeCreate: [onlyWithANewKey(name, key, prior)] },
        deleteBeforeReplace: args.order === "old-first",
        // Draining Sidekiq takes longer than the minute that the provider waits by default.
        customTimeouts: { delete: "10m" },
        additionalSecretOutputs: ["userData"],
      },
    );
    args.account.show(`${name}-droplet`, this.droplet.dropletUrn, this);
    this.registerOutputs({ dropletId: this.droplet.id, keyId: key.id } satisfies Record<
      keyof MadeMachine,
      pulumi.Output<string>
    >);
  }
}

/**
 * Refuses a droplet whose key existed before this run, whatever the engine thinks. The key lets one machine in, and it may have done so
 * already, or have expired. Such a droplet would stay outside the tailnet.
 */
function onlyWithANewKey(name: string, key: tailscale.TailnetKey, { keyId }: PriorMachine) {
  return async ({ urn }: pulumi.ResourceHookArgs) => {
    const now = await new Promise<string>((resolve) => key.id.apply(resolve));
    if (now === keyId) {
      throw new Error(
        `${name}: a new droplet needs a new auth key, but ${keyId} is from an earlier run. Run: pulumi up --replace '${urn.replace(/digitalocean:[^:]*:[^:]*::.*$/, "")}tailscale:index/tailnetKey:TailnetKey::${name}-auth-key'`,
      );
    }
  };
}
