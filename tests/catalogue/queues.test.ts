import {
  QUEUES,
  queueNames,
  type SidekiqProcess,
  sidekiqArguments,
  sidekiqThreads,
} from "../../catalogue/queues";

test("the table has Mastodon 4.7's seven queues with the weights of config/sidekiq.yml", () => {
  expect(Object.entries(QUEUES).map(([name, { weight }]) => `${name} ${weight}`)).toEqual([
    "default 8",
    "push 6",
    "ingress 4",
    "mailers 2",
    "pull 1",
    "scheduler 1",
    "fasp 1",
  ]);
});

test("a list of queues becomes strict order, a map becomes weights, both in the order written", () => {
  const strict: SidekiqProcess = { queues: ["push", "default"], threads: 5, replicas: 2 };
  const weighted: SidekiqProcess = {
    queues: { default: 8, push: 6, pull: undefined },
    threads: 25,
    replicas: 1,
  };
  expect(sidekiqArguments(strict)).toEqual(["-c", "5", "-q", "push", "-q", "default"]);
  expect(sidekiqArguments(weighted)).toEqual(["-c", "25", "-q", "default,8", "-q", "push,6"]);
  expect(queueNames(strict)).toEqual(["push", "default"]);
  expect(queueNames(weighted)).toEqual(["default", "push"]);
  expect(sidekiqThreads([strict, weighted])).toBe(35);
});
