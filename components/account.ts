import * as digitalocean from "@pulumi/digitalocean";
import * as pulumi from "@pulumi/pulumi";
import { cloudTag } from "../settings/names";

export interface AccountArgs {
  stack: string;
  /** Prefix of the names of everything the stack owns: `mastodon-STACK`. */
  prefix: string;
  /** Public half of the stack's ssh key, in OpenSSH's format. */
  deployKey: pulumi.Input<string>;
}

/** What a DigitalOcean account holds once for the stack: the break-glass ssh key, the stack's tag, a project. */
export class Account extends pulumi.ComponentResource {
  /** Tag of everything the stack owns in this account. */
  readonly tag: pulumi.Output<string>;
  /** A droplet made without any key makes DigitalOcean mail a root password. */
  readonly sshKeyId: pulumi.Output<string>;
  private readonly projectId: pulumi.Output<string>;

  constructor(name: string, args: AccountArgs, opts?: pulumi.ComponentResourceOptions) {
    super("mastodon-hosting:index:Account", name, {}, opts);
    this.tag = new digitalocean.Tag(`${name}-tag`, { name: cloudTag(args.stack) }, { parent: this }).name;
    const sshKey = new digitalocean.SshKey(
      `${name}-ssh-key`,
      { name: args.prefix, publicKey: args.deployKey },
      { parent: this },
    );
    this.sshKeyId = sshKey.id;
    // Without `resources`: the provider would try to move machines back that are gone.
    this.projectId = new digitalocean.Project(
      `${name}-project`,
      { name: args.prefix, purpose: "Service or API", description: "One Mastodon instance" },
      { parent: this },
    ).id;
    this.registerOutputs();
  }

  /**
   * Shows a resource (by its uniform resource name) in the account's project. It is never moved out again: by then it is
   * gone, and DigitalOcean would refuse the move.
   */
  show(name: string, urn: pulumi.Input<string>, parent: pulumi.Resource) {
    return new digitalocean.ProjectResources(
      `${name}-in-project`,
      { project: this.projectId, resources: [urn] },
      { parent, replaceOnChanges: ["resources"], retainOnDelete: true },
    );
  }
}
