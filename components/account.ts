import * as digitalocean from "@pulumi/digitalocean";
import * as pulumi from "@pulumi/pulumi";

export interface AccountArgs {
  /** Prefix of everything the stack owns: `mastodon-STACK`. */
  prefix: string;
  /** Public half of the stack's ssh key, in OpenSSH's format. */
  deployKey: pulumi.Input<string>;
  /** How many droplets live here at once at the most: those of the fleet, and the new ones beside those they replace. */
  droplets: number;
}

/** What a DigitalOcean account holds once for the stack: the break-glass ssh key, the stack's tag, a project. */
export class Account extends pulumi.ComponentResource {
  /** Tag of everything the stack owns in this account. */
  readonly tag: pulumi.Output<string>;
  /** A droplet made without any key makes DigitalOcean mail a root password. */
  readonly sshKeyId: pulumi.Output<string>;
  private readonly prefix: string;

  constructor(
    private readonly name: string,
    args: AccountArgs,
    opts?: pulumi.ComponentResourceOptions,
  ) {
    super("mastodon-hosting:index:Account", name, {}, opts);
    this.prefix = args.prefix;
    this.tag = new digitalocean.Tag(`${name}-tag`, { name: args.prefix }, { parent: this }).name;
    const sshKey = new digitalocean.SshKey(
      `${name}-ssh-key`,
      { name: args.prefix, publicKey: args.deployKey },
      { parent: this },
    );
    this.sshKeyId = sshKey.id;
    digitalocean.getAccountOutput({ parent: this }).apply(({ dropletLimit }) => {
      if (dropletLimit < args.droplets) {
        pulumi.log.warn(
          `The DigitalOcean account "${name}" may hold ${dropletLimit} droplets, and replacing workers new-first takes up to ${args.droplets}. Ask DigitalOcean for a higher limit.`,
          this,
        );
      }
    });
    this.registerOutputs();
  }

  /** Shows resources (by their uniform resource names) together in DigitalOcean's console. */
  project(resources: pulumi.Input<string>[]) {
    return new digitalocean.Project(
      `${this.name}-project`,
      { name: this.prefix, purpose: "Service or API", environment: "Production", resources },
      { parent: this },
    );
  }
}
