/** .env.production: the secrets that come along, and variables that the stack does not set. */
import { refusedVariable } from "../../../settings/managedVariables";
import { SECRETS } from "../../../settings/secrets";
import type { Facts } from "../facts";
import { type Finding, refusal, warning } from "../finding";
import { MOVED_SECRET_NAMES, MOVED_SECRETS, type MovedSecret } from "../secretNames";
import type { NewStack } from "../stack";

export const environmentFindings = (facts: Facts, stack: NewStack | undefined): Finding[] => [
  ...secretFindings(facts),
  ...searchFindings(facts),
  ...(stack ? furtherFindings(facts, stack) : []),
];

/** Since 4.3; older releases have none of them. */
const ENCRYPTION = MOVED_SECRET_NAMES.filter((name) => name.startsWith("activeRecordEncryption"));

function secretFindings({ secrets, version }: Facts): Finding[] {
  const of = (name: MovedSecret) => secrets[MOVED_SECRETS[name]] ?? "missing";
  const called = (names: readonly MovedSecret[]) => names.map((name) => MOVED_SECRETS[name]).join(", ");
  const odd = MOVED_SECRET_NAMES.filter((name) => of(name) === "odd");
  const hasEncryption = /^(4\.([3-9]|\d\d)|[5-9])\b/.test(version);
  const needed: MovedSecret[] = ["secretKeyBase", ...(hasEncryption ? ENCRYPTION : [])];
  const missing = needed.filter((name) => of(name) === "missing");
  const push = (["vapidPrivateKey", "vapidPublicKey"] as const).filter((name) => of(name) === "missing");
  return [
    ...(missing.length > 0
      ? [
          refusal(
            "secrets",
            `${called(missing)} not found; without it the instance cannot read its own columns`,
            "If they are in another file, name it: --env FILE.",
          ),
        ]
      : []),
    ...odd.map((name) =>
      refusal(
        "secrets",
        `${MOVED_SECRETS[name]} has not the form that this program takes: ${SECRETS[name].format?.words}`,
        "Correct it there if it has spaces, quotes or a missing = at its end. Another value cannot move.",
      ),
    ),
    ...(push.length > 0
      ? [
          warning(
            "secrets",
            `${called(push)} not found: new ones are generated, and browsers have to subscribe to web push again`,
          ),
        ]
      : []),
  ];
}

const searchFindings = ({ values }: Facts): Finding[] =>
  values.ES_ENABLED === "true"
    ? [
        warning(
          "search",
          "it has full-text search (ES_ENABLED), which this program does not set up; search then finds accounts, hashtags and addresses of posts",
        ),
      ]
    : [];

/** Set by images and shells, or without a meaning here. */
const OF_THE_OLD_SERVER =
  /^(PATH|HOME|PWD|LANG|LC_\w+|TZ|HOSTNAME|SHLVL|_|TERM|DEBIAN_FRONTEND|MASTODON_USE_LIBVIPS|NODE_\w+|RUBY\w*|RAILS_\w+|GEM_\w+|BUNDLE_\w+|LD_\w+|MALLOC_\w+|OPT_PATH|DB_\w+|(CACHE_|SIDEKIQ_)?REDIS_\w+|ES_\w+|SMTP_\w+|S3_\w+|AWS_\w+|SWIFT_\w+|AZURE_\w+|PAPERCLIP_\w+|CDN_HOST|STREAMING_CLUSTER_NUM|MASTODON_(VERSION|PROMETHEUS|SIDEKIQ)_?\w*|SOURCE_\w+|GITHUB_REPOSITORY|STREAMING_API_BASE_URL|LETS_ENCRYPT\w*)$/;
const SECRET = /KEY|SECRET|PASS|TOKEN|CREDENTIAL/;

function furtherFindings({ names }: Facts, { settings, secrets }: NewStack): Finding[] {
  const further = names.filter(
    (name) =>
      !OF_THE_OLD_SERVER.test(name) &&
      refusedVariable(name) === undefined &&
      !Object.hasOwn(settings.extraEnv, name),
  );
  const plain = further.filter((name) => !SECRET.test(name));
  // What is in the secret cannot be read here.
  const secret = secrets.includes("extraSecretEnv") ? [] : further.filter((name) => SECRET.test(name));
  return [
    ...(plain.length > 0
      ? [
          warning(
            "variables",
            `.env.production sets ${plain.join(", ")}, and the stack does not`,
            "Write those that you still want into extraEnv.",
          ),
        ]
      : []),
    ...(secret.length > 0
      ? [
          warning(
            "variables",
            `.env.production sets ${secret.join(", ")}, and the stack does not`,
            "Set those that you still want: pulumi config set --secret extraSecretEnv, as a JSON object.",
          ),
        ]
      : []),
  ];
}
