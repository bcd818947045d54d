import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";

export interface DestroyGuardArgs {
  /** Whether `pulumi destroy` is refused. */
  protect: boolean;
  /** What must not be deleted. */
  of: pulumi.Resource[];
}

/**
 * Refuses `pulumi destroy` as a whole. Protected resources alone do not: with --skip-preview, everything that is not protected is deleted
 * first. The guard depends on everything, so the engine reaches it first, and stops.
 */
export class DestroyGuard extends pulumi.ComponentResource {
  constructor(name: string, args: DestroyGuardArgs, opts?: pulumi.ComponentResourceOptions) {
    super("mastodon-hosting:index:DestroyGuard", name, {}, opts);
    new random.RandomUuid(`${name}-uuid`, {}, { parent: this, protect: args.protect, dependsOn: args.of });
    this.registerOutputs();
  }
}
