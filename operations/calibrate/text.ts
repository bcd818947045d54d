/** What was learned as YAML for a stack file: each value with its spread behind it, and what is left as it was. */
import { Document, isMap, type Pair, Scalar, type YAMLMap } from "yaml";
import { QUEUE_NAMES } from "../../catalogue/queues";
import type { Workload } from "../../fleet/model/workload";
import { FEED_BYTES, JOB_BYTES } from "../../fleet/sizing/state";
import type { Figure, Learned } from "./learn";
import type { KnownStack } from "./stack";
import type { Week } from "./windows";
import { known } from "./windows";

export interface Report {
  stack: string;
  week: Week;
  learned: Learned;
  /** What the model reckons with otherwise. */
  defaults: Workload;
}

/** Three digits say more than a spread of a few percent can. */
export const rounded = (value: number) => (value === 0 ? 0 : Number(value.toPrecision(3)));

const day = (seconds: number) => new Date(seconds * 1000).toISOString().slice(0, 16).replace("T", " ");
const count = (value: number) => Math.round(value).toLocaleString("en-US");

/** A number with its 90 % interval, and what the model reckons with otherwise. */
function figure({ value, low, high }: Figure, otherwise?: number, digits = rounded): Scalar {
  const scalar = new Scalar(digits(value));
  const instead = otherwise === undefined ? "" : `; derived: ${rounded(otherwise)}`;
  scalar.comment = ` ${rounded(low)} to ${rounded(high)}${instead}`;
  return scalar;
}

type Entries = Record<string, unknown>;
const definite = (entries: Entries): Entries =>
  Object.fromEntries(Object.entries(entries).filter(([, value]) => value !== undefined));

/** The stack's own measurements of a queue, and over them what was learned. */
function queueEntries(
  own: Entries,
  { learned, defaults }: Report,
  queue: (typeof QUEUE_NAMES)[number],
): Entries {
  const { jobsPerSecond, basePerSecond, perThousandUsers, ...costs } = learned.queues[queue];
  const rate = definite({ jobsPerSecond, basePerSecond, perThousandUsers });
  const { jobsPerSecond: _, basePerSecond: __, perThousandUsers: ___, ...kept } = own;
  const derived = { ...defaults.queues[queue], jobBytes: JOB_BYTES[queue] } as Record<string, number>;
  const figures = Object.entries({ ...rate, ...costs }).map(([name, value]) => [
    name,
    figure(value as Figure, derived[name]),
  ]);
  return { ...(Object.keys(rate).length > 0 ? kept : own), ...Object.fromEntries(figures) };
}

function workload(written: Entries, report: Report): Entries {
  const { learned, defaults } = report;
  const { webCores, web, queues = {}, ...kept } = written;
  const own = queues as Record<string, Entries>;
  const ofQueues = Object.fromEntries(
    QUEUE_NAMES.map((queue) => [queue, queueEntries(own[queue] ?? {}, report, queue)] as const).filter(
      ([, entries]) => Object.keys(entries).length > 0,
    ),
  );
  const people = learned.activeUsers === undefined ? undefined : new Scalar(learned.activeUsers);
  if (people) people.comment = " people who were active within four weeks, as Mastodon counts them";
  const maybe = (value: Figure | undefined, otherwise?: number, digits = rounded) =>
    value && figure(value, otherwise, digits);
  return {
    ...kept,
    ...definite({
      activeUsers: people,
      databaseGiB: learned.databaseGiB === undefined ? undefined : rounded(learned.databaseGiB),
      nightPercent: maybe(learned.nightPercent, undefined, (value) =>
        Math.min(Math.max(Math.round(value), 1), 100),
      ),
      webCores: maybe(learned.webCores, defaults.webCores),
      web: learned.web && {
        baseCores: figure(learned.web.baseCores),
        perThousandUsers: figure(learned.web.perThousandUsers),
      },
      queryMs: maybe(learned.queryMs, defaults.tripCosts.databaseMs),
      redisTripMs: maybe(learned.redisTripMs, defaults.tripCosts.redisMs),
      feedBytes: maybe(learned.feedBytes, FEED_BYTES, Math.round),
    }),
    ...(Object.keys(ofQueues).length > 0 ? { queues: ofQueues } : {}),
  };
}

function heading({ stack, week, learned }: Report): string[] {
  const { windows, step, from } = week;
  const days = (windows.length * step) / 86_400;
  const jobs = QUEUE_NAMES.reduce((sum, queue) => sum + learned.jobs[queue], 0);
  return [
    `What ${stack} measured from ${day(from)} to ${day(from + windows.length * step)} UTC: ${Number(days.toFixed(1))} days, of which ${known(week)} of ${windows.length}`,
    `windows of ${step / 60} minutes are known; ${count(jobs)} jobs. Behind each value: its 90 % interval, and what the model derives without it.`,
    "Put it in place of the same keys of the stack file, and look at what npm run plan says.",
    "CPU is multiplied by assumptions.safetyFactor all the same. Once it is your own, a smaller factor may do.",
    ...(learned.left.length === 0
      ? []
      : ["", "Left as they are:", ...learned.left.map(({ what, why }) => `  ${what}: ${why}`)]),
  ];
}

/** A comment before each queue: how many jobs its figures come from. */
function countJobs(document: Document, learned: Learned): void {
  const queues = document.getIn(["config", "mastodon-hosting:workload", "queues"]);
  if (!isMap(queues)) return;
  for (const pair of (queues as YAMLMap).items as Pair<Scalar<string>, YAMLMap>[]) {
    const jobs = learned.jobs[pair.key.value as keyof Learned["jobs"]];
    pair.key.commentBefore = ` ${count(jobs)} jobs`;
  }
}

export function learnedText(report: Report, { written }: KnownStack): string {
  const { rttMs, tailnetMs } = report.learned;
  const assumptions = {
    ...written.assumptions,
    ...definite({ rttMs: rttMs && figure(rttMs), tailnetMs: tailnetMs && figure(tailnetMs) }),
  };
  const document = new Document({
    config: {
      "mastodon-hosting:workload": workload(written.workload, report),
      ...(Object.keys(assumptions).length > 0 ? { "mastodon-hosting:assumptions": assumptions } : {}),
    },
  });
  countJobs(document, report.learned);
  const comments = heading(report).map((line) => `# ${line}`.trimEnd());
  return `${comments.join("\n")}\n${document.toString({ lineWidth: 0 })}`;
}
