import * as digitalocean from "@pulumi/digitalocean";
import * as pulumi from "@pulumi/pulumi";
import { cloudTag } from "../settings/names";

export interface AccountArgs {
  stack: string;
  /** Prefix of the names of everything that the stack owns: `mastodon-STACK`. */
  prefix: string;
  /** Public half of the stack's ssh key, in OpenSSH's format. */
  deployKey: pulumi.Input<string>;
}

/** What the stack creates once in a DigitalOcean account: the break-glass ssh key, the stack's tag, a project. */
export class Account extends pulumi.ComponentResource {
  /** Tag of everything that the stack owns in this account. */
  readonly tag: pulumi.Output<string>;
  /** If a droplet is created without a key, DigitalOcean mails a root password. */
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
    // Without `resources`: the provider would try to move back machines that no longer exist.
    this.projectId = new digitalocean.Project(
      `${name}-project`,
      { name: args.prefix, purpose: "Service or API", description: "One Mastodon instance" },
      { parent: this },
    ).id;
    this.registerOutputs();
  }

  /**
   * Puts a resource (by its uniform resource name) into the account's project. It is never moved out again: by then it no longer exists,
   * and DigitalOcean would refuse the move.
   */
  show(name: string, urn: pulumi.Input<string>, parent: pulumi.Resource) {
    return new digitalocean.ProjectResources(
      `${name}-in-project`,
      { project: this.projectId, resources: [urn] },
      { parent, replaceOnChanges: ["resources"], retainOnDelete: true },
    );
  }
}
