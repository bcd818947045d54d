/** Recognizes secrets by their format. */
import type { SecretName } from "./secrets";

interface Kind {
  /** "a DigitalOcean token". */
  what: string;
  /** The setting that takes it, if this program takes it at all. */
  secret?: SecretName;
}

const AWS_KEY_ID = /\bA[KS]IA[A-Z0-9]{16}/;
const AGE_KEY = /AGE-(SECRET-KEY|PLUGIN)-/i;

/** Formats that their issuers document for secret scanners. */
const KINDS: readonly [RegExp, Kind][] = [
  [/-----BEGIN (?!CERTIFICATE|PUBLIC KEY)/, { what: "a private key" }],
  [/tskey-client-/, { what: "the secret of a Tailscale OAuth client", secret: "tailscaleOauthClientSecret" }],
  [/tskey-/, { what: "a Tailscale key" }],
  [/\bdo[opr]_v1_/, { what: "a DigitalOcean token", secret: "digitaloceanToken" }],
  [AWS_KEY_ID, { what: "an AWS access key" }],
  [/\bgh[opsur]_\w{20}|\bgithub_pat_|\bglpat-/, { what: "a token of a code host" }],
  [/\bpul-[0-9a-f]{40}/, { what: "a Pulumi token" }],
  [
    /\bSG\.[\w-]{16}|\bkey-[0-9a-f]{32}|\bxkeysib-|\bxsmtpsib-|\bre_\w{20}/,
    { what: "a mail relay's key", secret: "smtpPassword" },
  ],
  [
    /\b[rs]k_(live|test)_|\bxox[abeprs]-|\bsk-[\w-]{20}|\bAIza[\w-]{30}|\bhf_\w{20}|\bnpm_\w{20}/,
    { what: "an API key" },
  ],
  [/\beyJ[\w-]{8,}\.eyJ/, { what: "a signed token" }],
  [AGE_KEY, { what: "a private key of age" }],
  [/\bhvs\.\w{20}/, { what: "a secret key" }],
  [/^[a-z][\w+.-]*:\/\/[^/\s@]*:[^/\s@]+@/i, { what: "a URL with a password" }],
];

/** Unbroken letters of both cases and digits, or the digits of a hash: no name or address looks like that. */
function looksRandom(text: string): boolean {
  const isMixed = (run: string) => /[a-z]/.test(run) && /[A-Z]/.test(run) && /\d/.test(run);
  const runs = text.match(/[A-Za-z\d+_=]{24,}/g) ?? [];
  return (
    runs.some((run) => isMixed(run) || /^(?=.*\d)(?=.*[a-f])[\da-f]{32,}$/i.test(run)) ||
    (/^[\w+/=]{40,}$/.test(text) && isMixed(text))
  );
}

/** Long values that are public, or that have any format the relay likes. */
const MAY_BE_RANDOM =
  /^(smtp\.login|administratorKeys\b.*|escrow\b.*|extraEnv\..*(_ID|PUBLIC_KEY|SITE_?KEY|_CERT|FINGERPRINT))$/;

function allowedIn(key: string): RegExp | undefined {
  // The user name at Amazon SES is the id of an access key.
  if (key === "smtp.login") return AWS_KEY_ID;
  // The setting's own message says what to write instead.
  return key.startsWith("escrow.recipients[") ? AGE_KEY : undefined;
}

/** @param key the setting: public keys are long, and some relays' user names look like secrets */
export function secretKind(text: string, key: string): Kind | undefined {
  const known = KINDS.find(([pattern]) => pattern !== allowedIn(key) && pattern.test(text));
  if (known) return known[1];
  return !MAY_BE_RANDOM.test(key) && looksRandom(text) ? { what: "what looks like a secret" } : undefined;
}
