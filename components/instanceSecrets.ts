import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";
import * as tls from "@pulumi/tls";
import type { Configuration } from "../checks/configuration";
import { type HeldSecrets, heldOn, SECRETS, type SecretSetting } from "../settings/secrets";
import { vapidFromPem } from "./vapid";

export interface InstanceSecretsArgs {
  /** Secrets that the stack brings along; each of the others is made once. */
  given: Configuration["secret"];
  /** Whether each secret refuses to be deleted or replaced. */
  protect: boolean;
}

type Values = HeldSecrets<"every machine"> & HeldSecrets<"main">;

/** By the secret's name; undefined where a stack does without. */
type Held = {
  readonly [Name in keyof Values]-?: undefined extends Values[Name]
    ? pulumi.Output<string> | undefined
    : pulumi.Output<string>;
};

/**
 * Every secret of an instance, made once and kept (settings/secretTable.ts). Losing the encryption keys loses data, and rotating
 * VAPID breaks everybody's web push, so nothing here has an input that a change of settings could touch.
 */
export class InstanceSecrets extends pulumi.ComponentResource {
  /** What machines hold. */
  readonly held: Held;
  readonly extraSecretEnv: pulumi.Output<Record<string, string>>;
  /** The stack's own ssh key: the deploying machine holds it through the state, every droplet accepts it. */
  readonly deployKey: { privatePem: pulumi.Output<string>; publicOpenSsh: pulumi.Output<string> };

  constructor(name: string, { given, protect }: InstanceSecretsArgs, opts?: pulumi.ComponentResourceOptions) {
    super("mastodon-hosting:index:InstanceSecrets", name, {}, opts);
    const once = { parent: this, protect };

    const make = ({ made }: SecretSetting) => {
      if (!made) return undefined;
      // Letters and digits only: such a value reads the same in YAML, a shell, an ini file and a URL.
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

  /** P-256: the two belong together. */
  private vapid(name: string, given: Configuration["secret"], once: pulumi.CustomResourceOptions) {
    const [vapidPrivateKey, vapidPublicKey] = [given("vapidPrivateKey"), given("vapidPublicKey")];
    if (vapidPrivateKey && vapidPublicKey) return { vapidPrivateKey, vapidPublicKey };
    const key = new tls.PrivateKey(`${name}-vapid`, { algorithm: "ECDSA", ecdsaCurve: "P256" }, once);
    const pair = pulumi.secret(key.privateKeyPem).apply(vapidFromPem);
    return { vapidPrivateKey: pair.privateKey, vapidPublicKey: pair.publicKey };
  }
}
