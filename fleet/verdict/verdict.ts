/** The model's verdict on a fleet in words: what is wrong, and the smallest change that the model itself confirms. */

import type { QueueName } from "../../catalogue/queues";
import type { Problem } from "../../settings/problem";
import { type Evaluation, evaluate, type QueueResult, type Situation } from "../model/evaluate";
import { type Fleet, hostOf, indexOfRole } from "../model/fleet";
import { redisPeak } from "../sizing/state";
import { type Ladder, sizeLadder } from "./adjustments";
import { BUSY, FAR_MS, type Finding, findings, isError, type Judged, queuesOf, same } from "./findings";
import { farAway, hostWarnings, smallVolume } from "./hostWarnings";
import { fixes, moreCapacity, recommended, smallest, strictOnes } from "./remedy";

export interface Verdict {
  evaluation: Evaluation;
  /**
   * What stops the preview. Memory and connections are not repeated here: their own checks report them. If the memory does not suffice,
   * nothing else is judged, since another size changes everything.
   */
  problems: Problem[];
  /** Warnings; not looked for if something stops the preview. */
  warnings: Problem[];
}

export function judge(fleet: Fleet, situation: Situation): Verdict {
  const evaluation = evaluate(fleet, situation);
  const found = findings(fleet, situation, evaluation);
  if (found.some(({ kind }) => kind === "memory")) return { evaluation, problems: [], warnings: [] };
  const judged = { fleet, situation, evaluation, found };
  const problems = [
    ...webProblems(judged),
    ...redisProblems(judged),
    ...fullProblems(judged),
    ...queueProblems(judged, { behind: fallBehind, slow: catchUp }, moreCapacity),
  ];
  if (problems.length > 0) return { evaluation, problems, warnings: [] };
  return {
    evaluation,
    problems,
    warnings: [
      ...queueProblems(judged, { busy: areBusy }, moreCapacity),
      ...queueProblems(judged, { starved: starve }, strictOnes),
      ...hostWarnings(judged),
    ],
  };
}

function webProblems({ fleet, situation, evaluation, found }: Judged): Problem[] {
  const gone = found.filter(({ kind }) => kind === "web");
  if (gone.length === 0) return [];
  const main = hostOf(evaluation.hosts, "web");
  const why = `web and its queries alone take ${main.web.toFixed(1)} of main's ${main.cores.toFixed(1)} vCPUs at the busy hour`;
  const change = smallest([sizeLadder(fleet, indexOfRole(fleet.hosts, "web"))], (one) =>
    fixes(one, gone, found, situation),
  );
  return [change ? recommended(change, `, and ${why}`) : beyond(why)];
}

/** A backlog that continues to grow after the outage: how much of Redis it takes is known only once the fleet is. */
function redisProblems({ situation, evaluation, found }: Judged): Problem[] {
  if (!found.some(({ kind }) => kind === "redis") || found.some(({ kind }) => kind === "web")) return [];
  const { feedsMiB, jobs, jobsMiB, mib } = redisPeak(situation.workload, evaluation.course);
  return [
    {
      key: "main.redis.maxMemoryMiB",
      message:
        `comes to ${evaluation.main.redis.maxMemoryMiB}, but people's feeds take ${Math.ceil(feedsMiB)} MiB and the ` +
        `${Math.ceil(jobs).toLocaleString("en-US")} jobs that wait at the worst moment ${Math.ceil(jobsMiB)}; write ${Math.ceil(mib * 1.1)}`,
    },
  ];
}

/** A volume that the database, as it is today, does not fit in. */
const fullProblems = (judged: Judged): Problem[] =>
  judged.found.some(({ kind }) => kind === "full")
    ? [
        smallVolume(
          judged,
          `with the ${judged.situation.workload.databaseGiB} GiB that it has today, WAL and Redis' file, the volume is full`,
        ),
      ]
    : [];

/** What no single change fixes. */
const beyond = (why: string): Problem => ({
  key: "workload",
  message: `is more than the fleet can do: ${why}; no single setting is enough, \`npm run size\` proposes a fleet`,
});

type Sentence = (queues: readonly QueueResult[], situation: Situation) => string;

/** One line if one change fixes everything of these kinds, otherwise one line per queue. */
function queueProblems(
  { fleet, situation, evaluation, found }: Judged,
  sentences: Partial<Record<Finding["kind"], Sentence>>,
  ladders: (fleet: Fleet, queues: readonly QueueName[]) => Ladder[],
): Problem[] {
  const gone = found.filter(({ kind }) => kind in sentences);
  if (gone.length === 0) return [];
  const why = (some: readonly Finding[]) =>
    Object.entries(sentences)
      .map(([kind, sentence]) => {
        const about = queuesOf(some.filter((finding) => finding.kind === kind));
        const queues = evaluation.queues.filter(({ queue }) => about.includes(queue));
        return queues.length > 0 ? sentence(queues, situation) : "";
      })
      .filter(Boolean)
      .join(", and ");
  const fix = (some: readonly Finding[]) => {
    return smallest(ladders(fleet, queuesOf(some)), (change) => fixes(change, some, found, situation));
  };

  if (gone.some(isError) && mendedByPath(fleet, situation, gone)) return [farAway(situation, why(gone))];
  const all = fix(gone);
  if (all) return [recommended(all, `, and ${why(gone)}`)];
  const each = gone.map((finding) => ({ finding, change: gone.length > 1 ? fix([finding]) : undefined }));
  const hopeless = each.filter(({ change }) => !change).map(({ finding }) => finding);
  return [
    ...each.flatMap(({ finding, change }) =>
      change ? [recommended(change, `, and ${why([finding])}`)] : [],
    ),
    ...(hopeless.length > 0 ? [beyond(why(hopeless))] : []),
  ];
}

/** Whether the findings disappear if workers are as close as two droplets of one region. */
function mendedByPath(fleet: Fleet, situation: Situation, gone: readonly Finding[]): boolean {
  const { conditions } = situation;
  if (conditions.rttMs <= FAR_MS) return false;
  const near = { ...situation, conditions: { ...conditions, rttMs: FAR_MS } };
  const left = findings(fleet, near, evaluate(fleet, near));
  return !left.some((finding) => gone.some((old) => same(old, finding)));
}

const fallBehind: Sentence = (queues) =>
  `at the busy hour ${listed(
    queues.map(
      ({ queue, arrivals, capacity }) =>
        `${queue} (${rate(arrivals)} jobs/s arrive, ${rate(capacity)} can be done)`,
    ),
  )} ${queues.length === 1 ? "falls" : "fall"} behind`;

const catchUp: Sentence = (queues, { outage, catchUpHours }) =>
  `after an outage of ${hours(outage.hours)} ${listed(
    queues.map(
      ({ queue, drainHours }) =>
        `${queue} (${drainHours === undefined ? "not in two days" : hours(drainHours)})`,
    ),
  )} ${queues.length === 1 ? "has" : "have"} not caught up within recovery.catchUpHours: ${catchUpHours}`;

const areBusy: Sentence = (queues) =>
  `at the busy hour ${listed(queues.map(({ queue, utilization }) => `${queue} (${percent(utilization)})`))} ${
    queues.length === 1 ? "is" : "are"
  } used above ${percent(BUSY)}`;

const starve: Sentence = (queues) =>
  `in strict order ${listed(
    queues.map(({ queue, starvedHours }) => `${queue} (${hours(starvedHours)})`),
  )} ${queues.length === 1 ? "gets" : "get"} nothing while others catch up with an outage`;

/** "a", "a and b", "a, b and c". */
const listed = (parts: readonly string[]) => parts.join(", ").replace(/, ([^,()]*(\([^()]*\))?)$/, " and $1");
const rate = (jobs: number) => (jobs < 1 ? jobs.toFixed(2) : jobs.toFixed(1));
const hours = (amount: number) => `${Number(amount.toFixed(amount < 10 ? 2 : 1))} h`;
const percent = (share: number) => `${Math.round(share * 100)} %`;
