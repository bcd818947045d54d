import * as pulumi from "@pulumi/pulumi";
import * as tailscale from "@pulumi/tailscale";
import type { Switches } from "../services/service";
import type { Names } from "../settings/names";
import { policyText, type TailnetPolicy, tailnetPolicy } from "./tailnetPolicy";

export interface TailnetArgs {
  tags: Names["tags"];
  /** Who may reach ssh on the droplets, and main's page: users, groups, autogroups of the tailnet. */
  admins: readonly string[];
  /** Whether this stack owns the tailnet's whole policy file, and overwrites what is there. */
  managePolicy: boolean;
  /** What leaves ports closed. */
  switches: Switches;
}

/**
 * A week, in seconds: long enough that the key still works after a failed first up, short enough that an unused key does not stay valid
 * forever.
 */
const KEY_EXPIRY_SECONDS = 7 * 24 * 3600;

/** What an instance needs of a tailnet: the grants between its machines, and one auth key for each machine. */
export class Tailnet extends pulumi.ComponentResource {
  /** The grants, whether this stack installs them or an administrator merges them. */
  readonly policy: TailnetPolicy;
  private readonly acl: tailscale.Acl | undefined;

  constructor(name: string, args: TailnetArgs, opts?: pulumi.ComponentResourceOptions) {
    super("mastodon-hosting:index:Tailnet", name, {}, opts);
    this.policy = tailnetPolicy(args.tags, args.admins, args.switches);
    if (args.managePolicy) {
      this.acl = new tailscale.Acl(
        `${name}-policy`,
        { acl: policyText(this.policy), overwriteExistingContent: true },
        { parent: this },
      );
    }
    this.registerOutputs({ policy: this.policy });
  }

  /**
   * A one-use, pre-authorized auth key for one machine.
   *
   * @param trigger when this plain text changes, the key is replaced, and the machine with it (`replaceWith`); a machine that is replaced
   *   alone would boot with a spent key
   * @param anew replace the key in this run, even if the trigger is unchanged
   */
  mintKey(
    name: string,
    args: { tag: string; description: string; trigger: pulumi.Input<string>; anew: boolean },
    parent: pulumi.Resource,
  ) {
    // Tailscale accepts at most 50 characters: letters, digits, hyphens and spaces.
    const description = args.anew
      ? `${args.description.slice(0, 30)} ${new Date().toISOString().slice(0, 19).replace(/[T:]/g, "-")}`
      : args.description.slice(0, 50);
    return new tailscale.TailnetKey(
      name,
      {
        reusable: false,
        ephemeral: false,
        preauthorized: true,
        tags: [args.tag],
        expiry: KEY_EXPIRY_SECONDS,
        // A spent or expired key needs no new one: its machine has joined.
        recreateIfInvalid: "never",
        description,
      },
      {
        parent,
        replacementTrigger: args.trigger,
        // Every changed input replaces a key, and a replaced key replaces its machine. So only two inputs may change: the trigger, and the
        // description, which is different each time when a new key is needed.
        ignoreChanges: [
          ...(args.anew ? [] : ["description"]),
          "ephemeral",
          "expiry",
          "preauthorized",
          "recreateIfInvalid",
          "reusable",
          "tags",
        ],
        dependsOn: this.acl ? [this.acl] : [],
      },
    );
  }
}
