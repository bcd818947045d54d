/** The secrets that come along: an instance with others could not read its own columns, and nobody would get web push. */
import { SECRETS, type SecretName } from "../../settings/secrets";

/** The setting → its variable in .env.production. */
export const MOVED_SECRETS = {
  secretKeyBase: "SECRET_KEY_BASE",
  otpSecret: "OTP_SECRET",
  activeRecordEncryptionPrimaryKey: "ACTIVE_RECORD_ENCRYPTION_PRIMARY_KEY",
  activeRecordEncryptionDeterministicKey: "ACTIVE_RECORD_ENCRYPTION_DETERMINISTIC_KEY",
  activeRecordEncryptionKeyDerivationSalt: "ACTIVE_RECORD_ENCRYPTION_KEY_DERIVATION_SALT",
  vapidPrivateKey: "VAPID_PRIVATE_KEY",
  vapidPublicKey: "VAPID_PUBLIC_KEY",
} as const satisfies Partial<Record<SecretName, string>>;

export type MovedSecret = keyof typeof MOVED_SECRETS;
export const MOVED_SECRET_NAMES = Object.keys(MOVED_SECRETS) as MovedSecret[];

/** Lines of a variable and the form of its value, as bash matches it. OTP_SECRET may be anything: only that it is there counts. */
export const secretForms = MOVED_SECRET_NAMES.map(
  (name) =>
    `${MOVED_SECRETS[name]} ${name === "otpSecret" ? "." : (SECRETS[name].format?.pattern.source ?? ".")}`,
).join("\n");
