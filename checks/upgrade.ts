/** Which release of Mastodon may follow the one that a living stack runs, and what an upgrade will do. */
import { type MinorRelease, RELEASES, versionOf } from "../catalogue/releases";
import type { Problem } from "../settings/problem";
import type { Settings } from "../settings/schema";

const KEY = "mastodonVersion";

/** Whether this program knows the release at all. */
export function releaseProblems(release: string, known = RELEASES): Problem[] {
  const { minor, patch } = versionOf(release);
  const found = known.find((one) => one.minor === minor);
  if (found && patch >= found.leastPatch) return [];
  const newest = known.at(-1) as MinorRelease;
  const minors = known.map((one) => one.minor).join(" and ");
  return [
    {
      key: KEY,
      message: `is ${release}; write v${newest.minor}.${newest.leastPatch} or a later ${newest.minor} release; this program knows only the queues and variables of ${minors}`,
    },
  ];
}

/** What the stack's last run recorded of its release. */
export interface RecordedRelease {
  mastodonVersion?: string;
  upgradeFinish?: Finish;
}
type Finish = Settings["upgrade"]["finish"];

const order = (release: string, known: readonly MinorRelease[]) =>
  known.findIndex(({ minor }) => minor === versionOf(release).minor);
/** Whether the second is older than the first. */
const isBack = (from: string, to: string, known: readonly MinorRelease[]) =>
  order(to, known) < order(from, known) ||
  (order(to, known) === order(from, known) && versionOf(to).patch < versionOf(from).patch);

/**
 * What the machine itself would refuse later, as far as a preview can know. The machine also refuses a way back to code that the database
 * has outgrown, and a change of the database without a recent backup (services/mastodon/mastodon-upgrade).
 */
export function upgradeProblems(
  before: RecordedRelease | undefined,
  now: string,
  readiness: Settings["readiness"],
  known = RELEASES,
): Problem[] {
  const was = before?.mastodonVersion;
  if (was === undefined || was === now || releaseProblems(now, known).length > 0) return [];
  const said = `was ${was} and is now ${now}`;
  if (readiness === "none")
    return [
      {
        key: KEY,
        message: `${said}, but with readiness: none nothing reaches the running main droplet. Write readiness: wait, and run pulumi on the tailnet`,
      },
    ];
  const [from, to] = [order(was, known), order(now, known)];
  // Run by an earlier version of this program.
  if (from < 0) return [];
  const next = known[from + 1];
  if (next && to > from + 1)
    return [
      {
        key: KEY,
        message: `${said}: one release of every minor has to run on the way. Write v${next.minor}.${next.leastPatch} or a later ${next.minor} release first`,
      },
    ];
  const outgrown = known.slice(to + 1, from + 1).find(({ postDeployment }) => postDeployment);
  if (outgrown && before?.upgradeFinish !== "later")
    return [
      {
        key: KEY,
        message: `${said}: the database has had the post-deployment migrations of ${outgrown.minor}, with which ${now} does not work. Write ${was}; the way back is a restore to the time before the upgrade`,
      },
    ];
  return [];
}

export interface UpgradeSituation {
  before: RecordedRelease | undefined;
  release: string;
  finish: Finish;
  /** Whether main has memory for a second web. */
  secondWeb: boolean;
  /** Worker droplets. */
  workers: number;
}

/** Step by step what the coming `up` does; nothing where it neither changes the release nor finishes an upgrade. */
export function upgradeSteps(
  { before, release, finish, secondWeb, workers }: UpgradeSituation,
  known = RELEASES,
): string[] {
  const was = before?.mastodonVersion;
  if (was === undefined) return [];
  if (was === release) {
    if (before?.upgradeFinish !== "later" || finish !== "now") return [];
    return [
      `This up finishes the upgrade to ${release}: the post-deployment migrations that it held back run now, while the site serves. ${NO_WAY_BACK}.`,
    ];
  }
  const back = isBack(was, release, known);
  const others = workers === 1 ? "the worker" : `the ${workers} workers`;
  const steps = [
    back
      ? `gate: refuses if the database has had migrations with which ${release} does not work`
      : "gate: refuses if there is no room for the images",
    `images: ${workers > 0 ? `main and ${others} pull` : "main pulls"} ${release}`,
    ...(back
      ? []
      : [
          "migrations: those that the running release tolerates. Refused without a backup from the last 26 hours. A migration that waits 5 s for a lock gives up and is tried again",
        ]),
    secondWeb
      ? "web: a second one of the new release takes the requests while the first is recreated"
      : "web: restarts; requests wait for it, about half a minute, since main has no memory for a second one",
    `sidekiq: on main, first one process, then all${workers > 0 ? `; then on ${others}` : ""}. Each ends its jobs or gives them back`,
    "streaming: restarts only if its code changed; then everyone reconnects",
    "proof: waits until no process of another release is left",
    ...(back
      ? []
      : [
          `last migrations: ${finish === "now" ? `the post-deployment ones, if there are any. ${NO_WAY_BACK}` : "held back (upgrade.finish: later). The way back stays open"}`,
        ]),
  ];
  return [
    `This up ${back ? "takes Mastodon back" : "upgrades Mastodon"} from ${was} to ${release} while the site serves. No machine is replaced. Main goes step by step:`,
    ...steps.map((step, i) => `  ${i + 1}. ${step}.`),
    "If a step fails, the site keeps serving, and the error names the step and the reason.",
  ];
}

const NO_WAY_BACK = "After them, a restore to the time before is the only way back";
