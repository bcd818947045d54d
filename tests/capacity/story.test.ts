/** The story of docs/architecture.md, each of its states in the model with one set of parameters. */
import { directConnections } from "../../capacity/connections";
import { type Evaluation, evaluate } from "../../capacity/evaluate";
import type { Fleet } from "../../capacity/fleet";
import { QUEUE_NAMES, QUEUES, type QueueName } from "../../capacity/queues";
import { recover } from "../../capacity/recovery";
import { serviceOf } from "../../capacity/service";
import { AT_THE_BUSIEST, fleet, mainHost, poolHost, SEED_MAIN, STORY, sidekiq, sized } from "./fleets";

const weights = (...queues: QueueName[]) =>
  Object.fromEntries(queues.map((queue) => [queue, QUEUES[queue].weight]));

// Mastodon 3.5 had no `ingress`: what other servers deliver was in `default` until mastodon/mastodon#20264, two days after the story.
const local = sidekiq(weights("default", "ingress"), 25);
const federation = sidekiq(weights("push", "pull", "mailers", "fasp"), 25);
const tiny = sidekiq(["scheduler"], 5);
const everything = (threads: number) => sidekiq(weights(...QUEUE_NAMES), threads);

const tenThreads = fleet(mainHost(SEED_MAIN, everything(10)));
const twentyThreads = fleet(mainHost(SEED_MAIN, everything(20)));
const split = fleet(mainHost(SEED_MAIN, local, federation, tiny));
const offHost = fleet(
  mainHost(SEED_MAIN, federation, tiny),
  poolHost(sized("c-2"), 1, sidekiq(weights("default", "ingress"), 5, 2)),
);

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
  const more = evaluate(fleet(mainHost(SEED_MAIN, local, local, federation, tiny)), STORY);
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
  const result = evaluate(offHost, STORY);
  expect(behind(result)).toEqual([]);
  expect(drain(result)).toBeLessThan(1);
  // At the worst time of the day it takes longer; prod's fleet does not.
  expect(drain(evaluate(offHost, AT_THE_BUSIEST))).toBeCloseTo(1.4, 1);
});
