/** Rules between settings. A rule runs if each setting that it reads is correct. */

import { dropletSize, dropletSlugs } from "../catalogue/droplets";
import { type Assessment, verdictOn } from "../fleet/assess";
import { fleetOf, hostOf, poolsOf } from "../fleet/model/fleet";
import { diskProblems } from "../fleet/sizing/disk";
import type { Verdict } from "../fleet/verdict/verdict";
import { USER_DATA_LIMIT } from "../machines/bundle";
import { plannedHosts } from "../machines/planned";
import { placedProcesses } from "../settings/fleet";
import { refusedVariable } from "../settings/managedVariables";
import { namesOf } from "../settings/names";
import type { Problem } from "../settings/problem";
import type { Settings } from "../settings/schema";
import { reservedBucketName } from "../settings/schema/bucketNames";
import { staysInTailnet } from "../settings/schema/remoteWrite";
import { shown } from "../settings/schema/shown";
import { type Identity, identityOf, identityProblems } from "./identity";
import { postgresProblems } from "./postgres";
import { checkQueues } from "./queues";
import { releaseProblems, upgradeProblems } from "./upgrade";

interface Context {
  stack: string;
  /** What the stack's last run recorded; undefined before the first run. */
  before: Partial<Identity> | undefined;
  /** The verdict on the fleet; undefined if a setting that it depends on is wrong. */
  verdict: Verdict | undefined;
}

type Rule = (settings: Partial<Settings>, context: Context) => Problem[];

/** A rule over some settings. It is skipped if one of them is wrong. */
function rule<K extends keyof Settings>(
  keys: readonly K[],
  check: (settings: Pick<Settings, K>, context: Context) => Problem[],
): Rule {
  return (settings, context) =>
    keys.every((key) => settings[key] !== undefined) ? check(settings as Pick<Settings, K>, context) : [];
}

/**
 * Names that nobody may sign up with and an owner should not have (mastodon:db/seeds/05_blocked_usernames.rb, read 2026-11-28; before 4.5
 * in config/settings.yml). `owner`, this program's default, is one of them but left out here: `tootctl accounts create` accepts it, because
 * it sets bypass_registration_checks.
 */
const RESERVED_USERNAMES = [
  "abuse",
  "account",
  "accounts",
  "admin",
  "administration",
  "administrator",
  "admins",
  "help",
  "helpdesk",
  "instance",
  "mod",
  "moderator",
  "moderators",
  "mods",
  "root",
  "security",
  "server",
  "staff",
  "support",
  "webmaster",
];
/** Blocked anywhere in a name. */
const RESERVED_PARTS = ["mastodon", "mastadon"];
/** Digits that are read as letters (mastodon:app/models/username_block.rb). */
const HOMOGLYPHS: Readonly<Record<string, string>> = {
  "1": "i",
  "2": "z",
  "3": "e",
  "4": "a",
  "5": "s",
  "7": "t",
  "8": "b",
  "9": "g",
  "0": "o",
};

function isReserved(username: string): boolean {
  const read = username.toLowerCase().replace(/\d/g, (digit) => HOMOGLYPHS[digit] ?? digit);
  return RESERVED_USERNAMES.includes(read) || RESERVED_PARTS.some((part) => read.includes(part));
}

/** Ports on which relays use TLS from the first byte, and ports on which they start without it (STARTTLS). */
const IMPLICIT_TLS_PORTS = [465, 2465, 8465];
const STARTTLS_PORTS = [25, 587, 2525, 2587];

function tlsProblems(key: string, { port, tls }: Pick<Settings["smtp"], "port" | "tls">): Problem[] {
  const problems: Problem[] = [];
  if (IMPLICIT_TLS_PORTS.includes(port) && tls !== "implicit")
    problems.push({
      key: `${key}.tls`,
      message: `is ${tls}, but relays use TLS from the first byte on port ${port}; write tls: implicit, or port: 2525`,
    });
  if (STARTTLS_PORTS.includes(port) && tls === "implicit")
    problems.push({
      key: `${key}.tls`,
      message: `is implicit, but relays start without TLS on port ${port}; write tls: starttls, or port: 465`,
    });
  return problems;
}

function smtpProblems(smtp: Settings["smtp"]): Problem[] {
  const problems = tlsProblems("smtp", smtp);
  if (smtp.login && smtp.authMethod === "none")
    problems.push({
      key: "smtp.authMethod",
      message: "is none, but smtp.login is set; write plain, or remove the login",
    });
  return problems;
}

/**
 * What Alertmanager 0.28 cannot do with a relay (notify/email/email.go): TLS from the first byte on a port other than 465, a login without
 * encryption, and CRAM-MD5 with the password of another method.
 */
function unusableRelay({ port, tls, login, authMethod }: Omit<Settings["smtp"], "server" | "from">) {
  if (tls === "implicit" && port !== 465) return "uses TLS from the first byte on a port other than 465";
  if (tls === "none" && login) return "wants a login without encryption";
  if (authMethod === "cram_md5") return "wants a login by cram_md5";
  return undefined;
}

function alertProblems({ alerts, mail, smtp }: Pick<Settings, "alerts" | "mail" | "smtp">): Problem[] {
  if (alerts.uptimeCheck && alerts.email.length === 0)
    return [
      {
        key: "alerts.email",
        message: "is empty, but alerts.uptimeCheck is on; write who gets its mail, or uptimeCheck: false",
      },
    ];
  if (alerts.smtp.server) {
    const problems = tlsProblems("alerts.smtp", alerts.smtp);
    const reason = unusableRelay({ ...alerts.smtp, authMethod: "plain" });
    if (problems.length > 0 || !reason) return problems;
    return [
      {
        key: "alerts.smtp",
        message: `${reason}, which Alertmanager cannot do; write tls: starttls, or another relay`,
      },
    ];
  }
  if (alerts.email.length === 0) return [];
  const reason = mail === "none" ? "does not exist" : unusableRelay(smtp);
  return reason
    ? [
        {
          key: "alerts.smtp.server",
          message: `is missing, and the instance's own relay ${reason}${mail === "none" ? " (mail: none)" : ", which Alertmanager cannot do"}; write a relay for alarms`,
        },
      ]
    : [];
}

function remoteWriteProblems({
  remoteWrite: { url, username },
  tailnet,
}: Pick<Settings, "remoteWrite" | "tailnet">): Problem[] {
  if (username && !url)
    return [
      {
        key: "remoteWrite.url",
        message: "is missing, but remoteWrite.username is set; write the address, or remove the user name",
      },
    ];
  return tailnet.managePolicy && staysInTailnet(url)
    ? [
        {
          key: "remoteWrite.url",
          message:
            "is in the tailnet, but with tailnet.managePolicy this stack writes the whole policy, which lets main reach nothing there; write an https address, or manage the policy yourself",
        },
      ]
    : [];
}

const RULES: readonly Rule[] = [
  (_, { stack }) =>
    /^[a-z][a-z0-9-]{0,19}$/.test(stack)
      ? []
      : [
          {
            key: "the stack's name",
            message: `is ${shown(stack)}; use at most 20 lowercase letters, digits and hyphens, and start with a letter, because tags and host names contain it`,
          },
        ],

  rule(["mastodonVersion"], ({ mastodonVersion }) => releaseProblems(mastodonVersion)),

  rule(["mastodonVersion", "readiness"], ({ mastodonVersion, readiness }, { before }) =>
    upgradeProblems(before, mastodonVersion, readiness),
  ),

  rule(["postgresVersion", "mastodonVersion", "readiness", "main"], (settings, { before }) =>
    postgresProblems(before, settings),
  ),

  rule(["workload"], ({ workload: { webCores, web, queues } }) => [
    ...(webCores !== undefined && web
      ? [{ key: "workload.webCores", message: "is set, and so is workload.web; write one of them" }]
      : []),
    ...Object.entries(queues).flatMap(([queue, { jobsPerSecond, basePerSecond, perThousandUsers }]) =>
      jobsPerSecond !== undefined && (basePerSecond ?? perThousandUsers) !== undefined
        ? [
            {
              key: `workload.queues.${queue}.jobsPerSecond`,
              message: "is set, and so are basePerSecond or perThousandUsers; write one or the other",
            },
          ]
        : [],
    ),
  ]),

  rule(["owner"], ({ owner }) =>
    isReserved(owner.username)
      ? [
          {
            key: "owner.username",
            message: `is ${shown(owner.username)}, which Mastodon reserves; write another name`,
          },
        ]
      : [],
  ),

  rule(["main", "workers"], ({ main, workers }) =>
    [
      { key: "main.size", size: main.size },
      ...workers.map(({ size }, i) => ({ key: `workers[${i}].size`, size })),
    ]
      .filter(({ size }) => !dropletSize(size))
      .map(({ key, size }) => ({
        key,
        message: `is ${shown(size)}, not a droplet size; write, for example, ${nearSizes(size)}`,
      })),
  ),

  rule(["workers"], ({ workers }) =>
    workers.flatMap(({ name }, i) =>
      workers.findIndex((other) => other.name === name) === i
        ? []
        : [
            {
              key: `workers[${i}].name`,
              message: `is "${name}" a second time; each pool needs its own name`,
            },
          ],
    ),
  ),

  rule(["main", "workers"], ({ main, workers }) => checkQueues(placedProcesses({ main, workers }))),

  (_, { verdict }) =>
    verdict ? [verdict.evaluation.main, ...verdict.evaluation.pools].flatMap(({ problems }) => problems) : [],

  rule(["main", "workers", "media"], ({ main, workers, media }) => {
    const hosts = fleetOf({ main, workers })?.hosts;
    if (!hosts) return [];
    return diskProblems({ ...hostOf(hosts, "database"), cacheGiB: media.cacheGiB }, poolsOf(hosts));
  }),

  (_, { verdict }) => verdict?.problems ?? [],

  rule(["mail", "smtp"], ({ mail, smtp }) =>
    mail === "smtp" && !smtp.server
      ? [
          {
            key: "smtp.server",
            message:
              "is missing; write your relay's host name, or mail: none for an instance that sends no mail",
          },
        ]
      : mail === "none" && smtp.server
        ? [{ key: "mail", message: "is none, but smtp.server is set; remove one of them" }]
        : mail === "smtp"
          ? smtpProblems(smtp)
          : [],
  ),

  rule(["alerts", "mail", "smtp"], alertProblems),

  rule(["remoteWrite", "tailnet"], remoteWriteProblems),

  rule(["tailnet"], ({ tailnet }) =>
    tailnet.managePolicy
      ? tailnet.admins.flatMap((admin, i) =>
          admin.startsWith("group:")
            ? [
                {
                  key: `tailnet.admins[${i}]`,
                  message: `is ${shown(admin)}, but with tailnet.managePolicy this stack writes the whole policy, and it defines no groups; write the users, or autogroup:admin`,
                },
              ]
            : [],
        )
      : [],
  ),

  rule(["domain", "webDomain", "mediaDomain", "media", "backups"], (settings, { stack }) => {
    const names = namesOf(settings, stack);
    const problems: Problem[] = [];
    if (names.media === names.web || names.media === settings.domain) {
      problems.push({
        key: "mediaDomain",
        message: `is ${names.media}, the instance's own name; media needs a separate host name, such as media.${names.web}`,
      });
    }
    if (settings.webDomain === settings.domain) {
      problems.push({ key: "webDomain", message: "is the same as domain; leave it out" });
    }
    const { fallbackUrl } = settings.media;
    const fallback = fallbackUrl && new URL(fallbackUrl).hostname;
    if (fallback && [names.media, names.web].includes(fallback)) {
      problems.push({
        key: "media.fallbackUrl",
        message: `is on ${fallback}, which leads to main itself; write an address that stays the old one's: its bucket's, or another name of its server`,
      });
    }
    if (names.mediaBucket === names.backupBucket) {
      problems.push({
        key: "backups.bucket",
        message: "is the media bucket; backups need a bucket that Mastodon cannot write to",
      });
    }
    for (const [key, bucket] of [
      ["media.bucket", names.mediaBucket],
      ["backups.bucket", names.backupBucket],
    ] as const) {
      if (bucket.length > 63)
        problems.push({
          key,
          message: `would be ${bucket}, longer than S3's 63 characters; write a shorter name`,
        });
      const reserved = reservedBucketName(bucket);
      if (reserved)
        problems.push({
          key,
          message: `${settings[key === "media.bucket" ? "media" : "backups"].bucket ? "is" : "would be"} ${bucket}, which ${reserved}: AWS reserves such names; write another`,
        });
    }
    return problems;
  }),

  rule(["domain", "webDomain", "mediaDomain", "media", "backups", "dnsZone"], (settings, { stack }) => {
    const { dnsZone } = settings;
    if (!dnsZone) return [];
    const names = namesOf(settings, stack);
    return [names.web, names.media]
      .filter((name) => name !== dnsZone && !name.endsWith(`.${dnsZone}`))
      .map((name) => ({
        key: "dnsZone",
        message: `is ${dnsZone}, but ${name} is not in that zone; use a zone that has every name, or create the records yourself`,
      }));
  }),

  rule(
    [
      "domain",
      "webDomain",
      "mediaDomain",
      "region",
      "media",
      "backups",
      "aws",
      "mastodonVersion",
      "upgrade",
      "postgresVersion",
      "main",
      "workerAccount",
    ],
    (settings, { stack, before }) => identityProblems(before, identityOf(settings, stack)),
  ),

  rule(["extraEnv"], ({ extraEnv }) =>
    Object.keys(extraEnv).flatMap((name) => {
      const message = refusedVariable(name);
      return message ? [{ key: `extraEnv.${name}`, message }] : [];
    }),
  ),
];

function nearSizes(size: string): string {
  const family = dropletSlugs().filter((slug) => slug.split("-")[0] === size.split("-")[0]);
  return (family.length > 0 ? family : ["g-4vcpu-16gb", "c-2", "s-4vcpu-8gb"]).slice(0, 3).join(", ");
}

/** All contradictions between settings that are correct, and the verdict, which later steps use. */
export function settingProblems(
  settings: Partial<Settings>,
  stack: string,
  before?: Partial<Identity>,
): { problems: Problem[]; verdict: Verdict | undefined } {
  const { main, workers, workload, recovery, assumptions } = settings;
  const verdict =
    main && workers && workload && recovery && assumptions
      ? verdictOn({ main, workers, workload, recovery, assumptions })
      : undefined;
  return { problems: RULES.flatMap((check) => check(settings, { stack, before, verdict })), verdict };
}

/** User data that DigitalOcean would refuse. Needs correct settings. */
export function userDataProblems(
  settings: Settings,
  stack: string,
  sizes: Pick<Assessment, "main" | "pools" | "prediction">,
  extraSecretEnv = "{}",
): Problem[] {
  return plannedHosts(settings, stack, sizes, JSON.parse(extraSecretEnv) as Record<string, string>)
    .filter(({ userDataBytes }) => userDataBytes > USER_DATA_LIMIT)
    .map(({ name, userDataBytes }) => ({
      key: name,
      message: `would get ${userDataBytes} bytes of user data, more than the ${USER_DATA_LIMIT} that fit; shorten extraEnv, extraSecretEnv or administratorKeys`,
    }));
}
