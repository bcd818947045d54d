import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";
import * as tls from "@pulumi/tls";
import type { Configuration } from "../checks/configuration";
import { type HeldSecrets, heldOn, SECRETS, type SecretSetting } from "../settings/secrets";
import { vapidFromPem } from "./vapid";

export interface InstanceSecretsArgs {
  /** Secrets that the user set; all others are generated once. */
  given: Configuration["secret"];
  /** Whether each secret refuses to be deleted or replaced. */
  protect: boolean;
}

type Values = HeldSecrets<"every machine"> & HeldSecrets<"main">;

/** By the secret's name; undefined if the stack does not use it. */
type Held = {
  readonly [Name in keyof Values]-?: undefined extends Values[Name]
    ? pulumi.Output<string> | undefined
    : pulumi.Output<string>;
};

/**
 * Every secret of an instance, generated once and kept (settings/secretTable.ts). Losing the encryption keys loses data, and rotating VAPID
 * breaks everyone's web push. So nothing here has an input that a change of settings could reach.
 */
export class InstanceSecrets extends pulumi.ComponentResource {
  /** The secrets that machines hold. */
  readonly held: Held;
  readonly extraSecretEnv: pulumi.Output<Record<string, string>>;
  /** The stack's own ssh key: the deploying machine gets it from the state, and every droplet accepts it. */
  readonly deployKey: { privatePem: pulumi.Output<string>; publicOpenSsh: pulumi.Output<string> };

  constructor(name: string, { given, protect }: InstanceSecretsArgs, opts?: pulumi.ComponentResourceOptions) {
    super("mastodon-hosting:index:InstanceSecrets", name, {}, opts);
    const once = { parent: this, protect };

    const make = ({ made }: SecretSetting) => {
      if (!made) return undefined;
      // Letters and digits only: such a value reads the same in YAML, in a shell, in an ini file and in a URL.
      return "letters" in made
        ? new random.RandomPassword(
            `${name}-${made.resource}`,
            { length: made.letters, special: false },
            once,
          ).result
        : pulumi.secret(new random.RandomBytes(`${name}-${made.resource}`, { length: made.bytes }, once).hex);
    };
    const held = [...heldOn("every machine"), ...heldOn("main")].map(
      (secret) => [secret, given(secret) ?? make(SECRETS[secret])] as const,
    );
    this.held = { ...Object.fromEntries(held), ...this.vapid(name, given, once) } as Held;
    this.extraSecretEnv =
      given("extraSecretEnv")?.apply((json) => JSON.parse(json) as Record<string, string>) ??
      pulumi.secret<Record<string, string>>({});

    const deploy = new tls.PrivateKey(`${name}-deploy-key`, { algorithm: "ED25519" }, once);
    this.deployKey = {
      privatePem: deploy.privateKeyOpenssh,
      publicOpenSsh: deploy.publicKeyOpenssh.apply((key) => key.trim()),
    };

    this.registerOutputs();
  }

  /** P-256: the two keys belong together. */
  private vapid(name: string, given: Configuration["secret"], once: pulumi.CustomResourceOptions) {
    const [vapidPrivateKey, vapidPublicKey] = [given("vapidPrivateKey"), given("vapidPublicKey")];
    if (vapidPrivateKey && vapidPublicKey) return { vapidPrivateKey, vapidPublicKey };
    const key = new tls.PrivateKey(`${name}-vapid`, { algorithm: "ECDSA", ecdsaCurve: "P256" }, once);
    const pair = pulumi.secret(key.privateKeyPem).apply(vapidFromPem);
    return { vapidPrivateKey: pair.privateKey, vapidPublicKey: pair.publicKey };
  }
}
