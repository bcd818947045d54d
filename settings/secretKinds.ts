/** Secrets by their looks. */
import type { SecretName } from "./secrets";

interface Kind {
  /** "a DigitalOcean token". */
  what: string;
  /** Where it belongs, if this program takes it. */
  secret?: SecretName;
}

const AWS_KEY_ID = /\bA[KS]IA[A-Z0-9]{16}/;

/** Formats that their issuers document, for secret scanners to find. */
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
  [/AGE-SECRET-KEY-|\bhvs\.\w{20}/, { what: "a secret key" }],
  [/^[a-z][\w+.-]*:\/\/[^/\s@]*:[^/\s@]+@/i, { what: "a URL with a password" }],
];

/** Letters of both cases and digits without a break, or the digits of a hash: no name and no address is written so. */
function looksRandom(text: string): boolean {
  const isMixed = (run: string) => /[a-z]/.test(run) && /[A-Z]/.test(run) && /\d/.test(run);
  const runs = text.match(/[A-Za-z\d+_=]{24,}/g) ?? [];
  return (
    runs.some((run) => isMixed(run) || /^(?=.*\d)(?=.*[a-f])[\da-f]{32,}$/i.test(run)) ||
    (/^[\w+/=]{40,}$/.test(text) && isMixed(text))
  );
}

/** Long values that are public, or that only a relay may read as it likes. */
const MAY_BE_RANDOM =
  /^(smtp\.login|administratorKeys\b.*|extraEnv\..*(_ID|PUBLIC_KEY|SITE_?KEY|_CERT|FINGERPRINT))$/;

/** @param key where it stands: public keys are long, and some relays' user names look like secrets */
export function secretKind(text: string, key: string): Kind | undefined {
  // The user name at Amazon SES is an access key's id.
  const known = KINDS.filter(([pattern]) => key !== "smtp.login" || pattern !== AWS_KEY_ID).find(
    ([pattern]) => pattern.test(text),
  );
  if (known) return known[1];
  return !MAY_BE_RANDOM.test(key) && looksRandom(text) ? { what: "what looks like a secret" } : undefined;
}
