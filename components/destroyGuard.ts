import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";

export interface DestroyGuardArgs {
  /** Whether `pulumi destroy` is refused. */
  protect: boolean;
  /** What must not go. */
  of: pulumi.Resource[];
}

/**
 * Refuses `pulumi destroy` as a whole. Protected resources alone do not: with --skip-preview everything that is not
 * protected is deleted first. This one depends on everything, so it is the first to be deleted, and refuses.
 */
export class DestroyGuard extends pulumi.ComponentResource {
  constructor(name: string, args: DestroyGuardArgs, opts?: pulumi.ComponentResourceOptions) {
    super("mastodon-hosting:index:DestroyGuard", name, {}, opts);
    new random.RandomUuid(`${name}-uuid`, {}, { parent: this, protect: args.protect, dependsOn: args.of });
    this.registerOutputs();
  }
}
