/** Given secrets at their worst, beside those that have a format: every character that their format lets through (settings/secrets.ts). */
import type { MainSecrets } from "../../services/inputs";
import { SECRETS, type SecretName } from "../../settings/secrets";
import { mainSecrets } from "./mainFixtures";

const PRINTABLE = Array.from({ length: 0x7e - 0x20 }, (_, i) => String.fromCharCode(0x21 + i)).join("");

/** All of them, beginning with that one: the first is where readers of configuration differ most. */
const printableFrom = (first: string): string => {
  const at = PRINTABLE.indexOf(first);
  return PRINTABLE.slice(at) + PRINTABLE.slice(0, at);
};

const formatted = (name: SecretName): string => SECRETS[name].placeholder ?? "";

export const worstSecrets: MainSecrets = {
  ...mainSecrets,
  secretKeyBase: formatted("secretKeyBase"),
  activeRecordEncryptionPrimaryKey: formatted("activeRecordEncryptionPrimaryKey"),
  activeRecordEncryptionDeterministicKey: formatted("activeRecordEncryptionDeterministicKey"),
  activeRecordEncryptionKeyDerivationSalt: formatted("activeRecordEncryptionKeyDerivationSalt"),
  vapidPrivateKey: formatted("vapidPrivateKey"),
  vapidPublicKey: formatted("vapidPublicKey"),
  postgresPassword: printableFrom('"'),
  redisPassword: printableFrom("#"),
  cacheRedisPassword: printableFrom("\\"),
  consolePassword: printableFrom(":"),
  backupKey: printableFrom("-"),
  repositoryKey: printableFrom("="),
  otpSecret: printableFrom("$"),
  // Without a format: whatever a relay hands out.
  smtpPassword: " ${ $y `z` 'ä' # \\n\t\u0007\u2028 ",
  extraSecretEnv: { DEEPL_API_KEY: "two\nlines\r\n", HCAPTCHA_SECRET_KEY: "", PARAGRAPH: "null: ~ 🐘" },
};
