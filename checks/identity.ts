/** What must not change on a living stack: a change would leave data behind, or break the instance forever. */
import * as pulumi from "@pulumi/pulumi";
import { namesOf } from "../settings/names";
import type { Problem } from "../settings/problem";
import type { Settings } from "../settings/schema";
import type { Accounts } from "./accounts";
import type { SecretMarks } from "./fixedSecrets";

/** Kept as the stack output `identity`, and compared by the next run. */
export interface Identity {
  stack: string;
  domain: string;
  webName: string;
  mediaName: string;
  region: string;
  mediaBucket: string;
  backupBucket: string;
  awsAccountId: string;
  awsRegion: string;
  /** These three say what the next run's upgrade starts from. */
  mastodonVersion: string;
  upgradeFinish: Settings["upgrade"]["finish"];
  postgresVersion: number;
  volumeGiB: number;
  mainSize: string;
  mainGeneration: number;
  mainIpv6: boolean;
  workerAccount: string;
}

/** What a stack records: its identity, the origin of its fixed secrets, and the accounts that it lives in. */
export interface Recorded extends Identity {
  secrets: SecretMarks;
  accounts: Accounts;
}

export type IdentitySettings = Pick<
  Settings,
  | "domain"
  | "webDomain"
  | "mediaDomain"
  | "region"
  | "media"
  | "backups"
  | "aws"
  | "mastodonVersion"
  | "upgrade"
  | "postgresVersion"
  | "main"
  | "workerAccount"
>;

export function identityOf(settings: IdentitySettings, stack: string): Identity {
  const names = namesOf(settings, stack);
  return {
    stack,
    domain: settings.domain,
    webName: names.web,
    mediaName: names.media,
    region: settings.region,
    mediaBucket: names.mediaBucket,
    backupBucket: names.backupBucket,
    awsAccountId: settings.aws.accountId,
    awsRegion: settings.aws.region,
    mastodonVersion: settings.mastodonVersion,
    upgradeFinish: settings.upgrade.finish,
    postgresVersion: settings.postgresVersion,
    volumeGiB: settings.main.volumeGiB,
    mainSize: settings.main.size,
    mainGeneration: settings.main.generation,
    mainIpv6: settings.main.ipv6,
    workerAccount: settings.workerAccount,
  };
}

/** The setting for each part of the identity, and why it must stay. */
const FIXED: Record<
  Exclude<
    keyof Identity,
    | "stack"
    | "mastodonVersion"
    | "upgradeFinish"
    | "postgresVersion"
    | "volumeGiB"
    | "mainSize"
    | "mainGeneration"
    | "mainIpv6"
  >,
  { key: string; why: string }
> = {
  domain: { key: "domain", why: "other servers know every account by it" },
  webName: { key: "webDomain", why: "other servers know every account and post by its address" },
  mediaName: {
    key: "mediaDomain",
    why: "other servers store it in the addresses of all media, and browsers keep a policy that allows it",
  },
  region: { key: "region", why: "the data volume and the reserved address would be left behind" },
  mediaBucket: { key: "media.bucket", why: "the media would be left behind" },
  backupBucket: { key: "backups.bucket", why: "the backups would be left behind" },
  awsAccountId: { key: "aws.accountId", why: "media and backups would be left behind" },
  awsRegion: { key: "aws.region", why: "media and backups would be left behind" },
  workerAccount: {
    key: "workerAccount",
    why: "the program would look for the worker droplets in the other account, and the old ones would keep running unnoticed",
  },
};

/**
 * What main's droplet takes on only when it is recreated. Everything on it is sized for its size. For IPv6, the provider replaces a droplet
 * that gives it up, without a new key; a droplet that gets it lacks the guest's configuration.
 */
const WITH_A_NEW_DROPLET: Partial<Record<keyof Identity, string>> = {
  mainSize: "main.size",
  mainIpv6: "main.ipv6",
};

/** @param before what the stack's last run recorded; undefined before the first run */
export function identityProblems(before: Partial<Identity> | undefined, now: Identity): Problem[] {
  if (!before) return [];
  const problems = Object.entries(FIXED).flatMap(([part, { key, why }]) => {
    const was = before[part as keyof Identity];
    const is = now[part as keyof Identity];
    // If the name follows from the web interface's name, report only that one.
    const follows = part === "mediaName" && before.webName !== undefined && before.webName !== now.webName;
    return was === undefined || was === is || follows
      ? []
      : [
          {
            key,
            message: `was ${was} and is now ${is}: ${why}. Set it back to ${was}, or create a new stack`,
          },
        ];
  });
  if (before.stack !== undefined && before.stack !== now.stack) {
    problems.push({
      key: "The stack's name",
      message: `was ${before.stack} and is now ${now.stack}: every resource has it in its name, and an empty data volume would replace the current one. Rename it back: pulumi stack rename ${before.stack}`,
    });
  }
  if (before.volumeGiB !== undefined && now.volumeGiB < before.volumeGiB) {
    problems.push({
      key: "main.volumeGiB",
      message: `was ${before.volumeGiB} and is now ${now.volumeGiB}: a volume can only grow. Write at least ${before.volumeGiB}`,
    });
  }
  // A generation that goes down, for example after a reverted commit, would also replace the droplet.
  if (before.mainGeneration !== undefined && now.mainGeneration < before.mainGeneration) {
    problems.push({
      key: "main.generation",
      message: `was ${before.mainGeneration} and is now ${now.mainGeneration}: it only goes up, by one for each new droplet. Write ${before.mainGeneration}, or ${before.mainGeneration + 1} to replace it`,
    });
  }
  for (const [part, key] of Object.entries(WITH_A_NEW_DROPLET)) {
    const was = before[part as keyof Identity];
    const is = now[part as keyof Identity];
    if (was === undefined || was === is || now.mainGeneration !== before.mainGeneration) continue;
    problems.push({
      key,
      message: `was ${was} and is now ${is}: this needs a new droplet, which takes over the data volume. Also write main.generation: ${now.mainGeneration + 1}`,
    });
  }
  return problems;
}

/** The identity that the stack's last run recorded. */
export async function recordedIdentity(): Promise<Partial<Recorded> | undefined> {
  const self = new pulumi.StackReference("this-stack", {
    name: `${pulumi.getOrganization()}/${pulumi.getProject()}/${pulumi.getStack()}`,
  });
  const { value } = await self.getOutputDetails("identity");
  return value as Partial<Recorded> | undefined;
}
