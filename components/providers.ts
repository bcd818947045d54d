/** One explicit provider for each account and package; Pulumi.yaml disables the default providers. */
import * as aws from "@pulumi/aws/provider";
import * as command from "@pulumi/command";
import * as digitalocean from "@pulumi/digitalocean";
import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";
import * as tailscale from "@pulumi/tailscale";
import * as tls from "@pulumi/tls";
import type { Configuration } from "../checks/configuration";
import { hasWorkerAccount } from "../settings/fleet";

export interface Providers {
  /** DigitalOcean, the main account. */
  main: digitalocean.Provider;
  /** DigitalOcean, the worker account; the same provider as `main` if there is no second account. */
  workers: digitalocean.Provider;
  aws: aws.Provider;
  tailscale: tailscale.Provider;
  random: random.Provider;
  tls: tls.Provider;
  command: command.Provider;
}

export function makeProviders({ settings, secret }: Configuration): Providers {
  const digitalOcean = (name: string, token: pulumi.Output<string> | undefined) =>
    new digitalocean.Provider(name, { token });
  const main = digitalOcean("digitalocean-main", secret("digitaloceanToken"));
  return {
    main,
    workers: hasWorkerAccount(settings)
      ? digitalOcean("digitalocean-workers", secret("digitaloceanWorkerToken"))
      : main,
    aws: new aws.Provider("aws", {
      region: settings.aws.region as aws.ProviderArgs["region"],
      // Credentials come from the environment; this keeps them from being another account's.
      allowedAccountIds: [settings.aws.accountId],
      defaultTags: {
        tags: { "managed-by": "pulumi", project: pulumi.getProject(), stack: pulumi.getStack() },
      },
    }),
    tailscale: new tailscale.Provider("tailscale", {
      tailnet: settings.tailnet.name,
      oauthClientId: settings.tailnet.oauthClientId,
      oauthClientSecret: secret("tailscaleOauthClientSecret"),
      scopes: settings.tailnet.managePolicy ? ["auth_keys", "policy_file"] : ["auth_keys"],
    }),
    random: new random.Provider("random"),
    tls: new tls.Provider("tls"),
    command: new command.Provider("command"),
  };
}
