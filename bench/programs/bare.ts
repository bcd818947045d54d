/**
 * The resources of a stack as its state has them, from a file next to this one, without logic: every input is written out, no resource
 * waits for another's output, and user data is one line. No preview of so many resources can take less.
 */
import * as iam from "@pulumi/aws/iam";
import { Provider } from "@pulumi/aws/provider";
import * as s3 from "@pulumi/aws/s3";
import * as command from "@pulumi/command";
import * as digitalocean from "@pulumi/digitalocean";
import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";
import * as tailscale from "@pulumi/tailscale";
import * as tls from "@pulumi/tls";
import type { Written } from "../resources";

type Constructor = new (
  name: string,
  inputs: Written["inputs"],
  options: pulumi.CustomResourceOptions,
) => pulumi.CustomResource;

/** By a type's package, or package and module. */
const SDKS: { [packageOrModule: string]: object } = {
  aws: { Provider },
  "aws:s3": s3,
  "aws:iam": iam,
  command,
  "command:local": command.local,
  "command:remote": command.remote,
  digitalocean,
  random,
  tailscale,
  tls,
};

/** @param type `PACKAGE:MODULE/…:CLASS`, or `pulumi:providers:PACKAGE` */
function constructorOf(type: string): Constructor {
  const [first = "", second = "", third = ""] = type.split(":");
  const [sdk, name] =
    second === "providers"
      ? [SDKS[third], "Provider"]
      : [SDKS[`${first}:${second.split("/")[0]}`] ?? SDKS[first], third];
  return (sdk as Record<string, Constructor>)[name] as Constructor;
}

export = async () => {
  const made = new Map<string, pulumi.Resource>();
  for (const {
    urn,
    type,
    name,
    parent,
    provider,
    protect,
    inputs,
  } of require("./resources.json") as Written[]) {
    const above = made.get(parent);
    const through = made.get(provider) as pulumi.ProviderResource | undefined;
    const options = { ...(above && { parent: above }), protect };
    made.set(
      urn,
      type.startsWith("mastodon-hosting:")
        ? new pulumi.ComponentResource(type, name, {}, options)
        : new (constructorOf(type))(name, inputs, {
            ...options,
            ...(through && { provider: through }),
            ignoreChanges: ["stdin", "userData"],
          }),
    );
  }
};
