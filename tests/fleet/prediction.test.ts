/** The figures that main's page draws next to what is measured are those of the plan. */

import { QUEUE_NAMES, type QueueName } from "../../catalogue/queues";
import { evaluate } from "../../fleet/model/evaluate";
import { fleetOf } from "../../fleet/model/fleet";
import { groupsOf, predictionOf } from "../../fleet/prediction";
import { situationOf } from "../../fleet/situation";
import { checkedOf, REQUIRED_SECRETS, stackFile } from "../support/stacks";

const { settings } = checkedOf("prod", { ...stackFile("prod"), ...REQUIRED_SECRETS });
const fleet = fleetOf(settings);
if (!fleet) throw new Error("the example's sizes are in the catalogue");
const evaluation = evaluate(fleet, situationOf(settings));
const prediction = predictionOf(settings, evaluation);

test("each queue's course begins with the backlog at the outage's end, falls, and ends when the model says that it is empty", () => {
  const { hours, backlog } = evaluation.course;
  const end = hours.findIndex((at) => at >= settings.recovery.outageHours - 1e-9);
  for (const [q, queue] of QUEUE_NAMES.entries()) {
    const { course, emptySeconds } = prediction.queues[queue];
    expect(course[0]).toEqual([0, Math.round(backlog[q]?.[end] ?? -1)]);
    expect(course.at(-1)).toEqual([emptySeconds, 0]);
    expect(course.length).toBeLessThanOrEqual(17);
    const jobs = course.map(([, waiting]) => waiting);
    expect([...jobs].sort((a, b) => b - a)).toEqual(jobs);
  }
});

test("load, requests, clients and CPU are the busy hour's", () => {
  expect(prediction.outageHours).toBe(2);
  expect(prediction.queues.default).toMatchObject({ jobsPerSecond: 31.479, canDo: 229.2 });
  // 6,000 users, 0.02 requests a second each, and an activity a request.
  expect(prediction.requestsPerSecond).toBe(127.71);
  expect(prediction.sockets).toBe(600);
  expect(prediction.cpu).toEqual({ main: 0.579, general: 0.193 });
});

test("a queue that never empties has a course without an end, and says so", () => {
  const course = { hours: [0, 2, 10, 20], backlog: QUEUE_NAMES.map(() => [0, 100, 150, 120]), queues: [] };
  const queues = evaluation.queues.map((queue) => ({
    ...queue,
    drainHours: undefined,
    latencySeconds: undefined,
  }));
  const { push } = predictionOf(settings, { ...evaluation, course, queues }).queues;
  expect(push).toMatchObject({
    emptySeconds: null,
    latencySeconds: null,
    course: [
      [28_800, 150],
      [64_800, 120],
    ],
  });
});

test("queues that share a process are one group, and so are those that share one by way of a third", () => {
  const process = (...queues: QueueName[]) => ({ queues, threads: 5, replicas: 1 });
  expect(
    groupsOf([process("pull", "fasp"), process("push"), process("push", "pull"), process("ingress")]),
  ).toEqual({
    default: "default",
    push: "push",
    ingress: "ingress",
    mailers: "mailers",
    pull: "push",
    scheduler: "scheduler",
    fasp: "push",
  });
});
