import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";
import * as tls from "@pulumi/tls";
import type { Configuration } from "../checks/configuration";
import { vapidFromPem } from "./vapid";

export interface InstanceSecretsArgs {
  /** Secrets that the stack brings along; each of the others is made once. */
  given: Configuration["secret"];
  /** Whether each secret refuses to be deleted or replaced. */
  protect: boolean;
}

/**
 * Every secret of an instance, made once and kept. Losing the encryption keys loses data, and rotating VAPID breaks
 * everybody's web push, so nothing here has an input that a change of settings could touch.
 */
export class InstanceSecrets extends pulumi.ComponentResource {
  /** 128 hexadecimal digits. */
  readonly secretKeyBase: pulumi.Output<string>;
  /** Only for an adopted instance older than 4.4; nothing is made in its place. */
  readonly otpSecret: pulumi.Output<string> | undefined;
  /** 32 letters and digits each. */
  readonly activeRecordEncryptionPrimaryKey: pulumi.Output<string>;
  readonly activeRecordEncryptionDeterministicKey: pulumi.Output<string>;
  readonly activeRecordEncryptionKeyDerivationSalt: pulumi.Output<string>;
  /** P-256, URL-safe base64 with padding: 44 characters. */
  readonly vapidPrivateKey: pulumi.Output<string>;
  /** P-256, uncompressed point, URL-safe base64 with padding: 88 characters. */
  readonly vapidPublicKey: pulumi.Output<string>;
  readonly postgresPassword: pulumi.Output<string>;
  readonly redisPassword: pulumi.Output<string>;
  readonly cacheRedisPassword: pulumi.Output<string>;
  /** Passphrase of the nightly dumps. */
  readonly backupKey: pulumi.Output<string>;
  /** root's password on the machines' consoles. */
  readonly consolePassword: pulumi.Output<string>;
  readonly smtpPassword: pulumi.Output<string> | undefined;
  readonly extraSecretEnv: pulumi.Output<Record<string, string>>;
  /** The stack's own ssh key: the deploying machine holds it through the state, every droplet accepts it. */
  readonly deployKey: { privatePem: pulumi.Output<string>; publicOpenSsh: pulumi.Output<string> };

  constructor(name: string, { given, protect }: InstanceSecretsArgs, opts?: pulumi.ComponentResourceOptions) {
    super("mastodon-hosting:index:InstanceSecrets", name, {}, opts);
    const once = { parent: this, protect };

    // Letters and digits only: such a value reads the same in YAML, a shell, an ini file and a URL.
    const password = (key: Parameters<typeof given>[0], part: string, length = 32) =>
      given(key) ?? new random.RandomPassword(`${name}-${part}`, { length, special: false }, once).result;

    this.secretKeyBase =
      given("secretKeyBase") ??
      pulumi.secret(new random.RandomBytes(`${name}-secret-key-base`, { length: 64 }, once).hex);
    this.otpSecret = given("otpSecret");
    this.activeRecordEncryptionPrimaryKey = password(
      "activeRecordEncryptionPrimaryKey",
      "encryption-primary",
    );
    this.activeRecordEncryptionDeterministicKey = password(
      "activeRecordEncryptionDeterministicKey",
      "encryption-deterministic",
    );
    this.activeRecordEncryptionKeyDerivationSalt = password(
      "activeRecordEncryptionKeyDerivationSalt",
      "encryption-salt",
    );
    this.postgresPassword = password("postgresPassword", "postgres");
    this.redisPassword = password("redisPassword", "redis");
    this.cacheRedisPassword = password("cacheRedisPassword", "cache-redis");
    this.backupKey = password("backupKey", "backup", 48);
    // A person types this one at a console.
    this.consolePassword = password("consolePassword", "console", 24);
    this.smtpPassword = given("smtpPassword");
    this.extraSecretEnv =
      given("extraSecretEnv")?.apply((json) => JSON.parse(json) as Record<string, string>) ??
      pulumi.secret<Record<string, string>>({});

    const vapid = this.vapid(name, given, once);
    this.vapidPrivateKey = vapid.privateKey;
    this.vapidPublicKey = vapid.publicKey;

    const deploy = new tls.PrivateKey(`${name}-deploy-key`, { algorithm: "ED25519" }, once);
    this.deployKey = {
      privatePem: deploy.privateKeyOpenssh,
      publicOpenSsh: deploy.publicKeyOpenssh.apply((key) => key.trim()),
    };

    this.registerOutputs();
  }

  private vapid(name: string, given: Configuration["secret"], once: pulumi.CustomResourceOptions) {
    const privateKey = given("vapidPrivateKey");
    const publicKey = given("vapidPublicKey");
    if (privateKey && publicKey) return { privateKey, publicKey };
    const key = new tls.PrivateKey(`${name}-vapid`, { algorithm: "ECDSA", ecdsaCurve: "P256" }, once);
    const pair = pulumi.secret(key.privateKeyPem).apply(vapidFromPem);
    return { privateKey: pair.privateKey, publicKey: pair.publicKey };
  }
}
