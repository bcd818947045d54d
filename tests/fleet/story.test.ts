/** The story of docs/architecture.md, each of its states in the model with one set of parameters. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type Evaluation, evaluate, type Situation } from "../../fleet/model/evaluate";
import type { Fleet } from "../../fleet/model/fleet";
import { recover } from "../../fleet/model/recovery";
import { serviceOf } from "../../fleet/model/stations";
import { AT_THE_BUSIEST, STORY, STORY_FLEETS, STORY_TODAY } from "../../fleet/model/story";
import { jobsPerSecond } from "../../fleet/model/workload";
import { directConnections } from "../../fleet/sizing/connections";

const { tenThreads, twentyThreads, split, splitTwice, defaultOffHost } = STORY_FLEETS;

const drain = ({ queues }: Evaluation) =>
  Math.max(...queues.map(({ drainHours }) => drainHours ?? Number.POSITIVE_INFINITY));
const behind = ({ queues }: Evaluation) =>
  queues.filter(({ utilization }) => utilization >= 1).map(({ queue }) => queue);

/** Jobs that wait, so many hours after the outage began; its end is hour 2, the busiest moments are hours 7 and 31. */
function waitingAt(hours: number, story: Fleet): number {
  const { workload, conditions, outage } = STORY;
  const course = recover(serviceOf(story, workload, conditions), workload.nightShare, outage, 40);
  const point = course.hours.findIndex((at) => at >= hours - 1e-6);
  return course.backlog.reduce((sum, curve) => sum + (curve[point] ?? 0), 0);
}

test("(a) 10 threads on 6 shared vCPUs: falls behind at the busy hour, and two hours take twenty to drain, overnight", () => {
  const result = evaluate(tenThreads, STORY);
  expect(behind(result)).toEqual(["ingress", "pull"]);
  expect(drain(result)).toBeCloseTo(19.9, 1);
  expect(waitingAt(7, tenThreads)).toBeGreaterThan(1.5 * waitingAt(2, tenThreads));
});

test("(b) 20 threads: no better, because one process has one core", () => {
  const [ten, twenty] = [evaluate(tenThreads, STORY), evaluate(twentyThreads, STORY)];
  expect(twenty.queues.map(({ capacity }) => capacity)).toEqual(ten.queues.map(({ capacity }) => capacity));
  expect(drain(twenty)).toBe(drain(ten));
});

test("(c) split queues: drains overnight, is behind again next morning, and the machine has nothing left for more processes", () => {
  const result = evaluate(split, STORY);
  expect(behind(result)).toEqual(["ingress"]);
  expect(drain(result)).toBeCloseTo(14.6, 1);
  expect(waitingAt(24, split)).toBe(0);
  // Two hours before the next busiest moment.
  expect(waitingAt(29, split)).toBeGreaterThan(5_000);
  // A graph of six whole vCPUs shows that as "only 70 %".
  const [machine] = result.hosts;
  expect(machine && (machine.web + machine.jobs) / 6).toBeCloseTo(0.68, 2);
  const more = evaluate(splitTwice, STORY);
  expect(behind(more)).toEqual(["ingress"]);
  const [host] = more.hosts;
  expect(host && (host.web + host.jobs) / host.cores).toBeCloseTo(1, 6);
});

test("(d) connected directly the split processes exceed Postgres' 100 connections, through pgbouncer they do not", () => {
  const before = evaluate(tenThreads, STORY).main.connections;
  const { client, serverTotal, serverLimit } = evaluate(split, STORY).main.connections;
  expect(serverLimit).toBe(100);
  expect(directConnections(before.client)).toBe(61);
  expect(directConnections(client)).toBe(106);
  expect(serverTotal).toBe(46);
});

test("(e) default on a dedicated droplet with 2 vCPUs: everything keeps up, and drains within the hour", () => {
  const result = evaluate(defaultOffHost, STORY);
  expect(behind(result)).toEqual([]);
  expect(drain(result)).toBeLessThan(1);
  // At the worst time of the day it takes longer; prod's fleet does not.
  expect(drain(evaluate(defaultOffHost, AT_THE_BUSIEST))).toBeCloseTo(1.4, 1);
});

describe("docs/capacity.md shows these figures:", () => {
  const page = readFileSync(join(__dirname, "../../docs/capacity.md"), "utf8").replace(/\s+/g, " ");
  const percent = (share: number) => `${Math.round(share * 100)} %`;
  const used = (result: Evaluation) => {
    const worst = Math.max(...result.queues.map(({ utilization }) => utilization)).toFixed(2);
    const [main] = result.hosts;
    return { worst, main: percent(main ? (main.web + main.jobs) / main.cores : Number.NaN) };
  };

  const cells = (fleet: Fleet, situation: Situation, again = "") => {
    const result = evaluate(fleet, situation);
    const { worst, main } = used(result);
    return `${worst} × | ${drain(result).toFixed(1)} h${again} | ${main}`;
  };

  test.each([
    ["a | 10 threads, all queues", tenThreads, ""],
    ["b | 20 threads", twentyThreads, ""],
    ["c | split: default, federation and mail, scheduler", split, ", and behind again next morning"],
    ["| c with a second default process", splitTwice, ", and behind again next morning"],
    ["e | default on a CPU-optimized droplet", defaultOffHost, ""],
  ])("%s, then and with today's software", (row, story, again) => {
    expect(page).toContain(`| ${row} | ${cells(story, STORY, again)} | ${cells(story, STORY_TODAY)} |`);
  });

  test("the load, and what all queues together need of one core", () => {
    const rate = jobsPerSecond(STORY.workload);
    expect(page).toContain(
      `${rate.toFixed(1)} jobs/s at the busy hour, ${(rate * 0.6 * 0.0864).toFixed(2)} million a day`,
    );
    const ruby = Object.values(STORY.workload.queues).reduce(
      (sum, { jobsPerSecond: jobs, cpuMs }) => sum + (jobs * cpuMs) / 1000,
      0,
    );
    expect(page).toContain(`need ${(ruby / 0.7).toFixed(1)} times the process' core`);
    expect(page).toContain(`together ${((0.7 * rate) / ruby).toFixed(0)} jobs/s on one core`);
  });
});
