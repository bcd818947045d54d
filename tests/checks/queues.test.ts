import fc from "fast-check";
import { QUEUE_NAMES, type SidekiqProcess } from "../../catalogue/queues";
import { checkQueues, type Placed } from "../../checks/queues";

const all: SidekiqProcess = { queues: QUEUE_NAMES, threads: 10, replicas: 1 };
const scheduler: SidekiqProcess = { queues: ["scheduler"], threads: 1, replicas: 1 };
const withoutScheduler: SidekiqProcess = {
  queues: QUEUE_NAMES.filter((queue) => queue !== "scheduler"),
  threads: 10,
  replicas: 1,
};

function onMain(...processes: SidekiqProcess[]): Placed[] {
  return processes.map((process, i) => ({ key: `main.sidekiq[${i}]`, process, count: 1 }));
}

test("a process that serves everything, once, is a fleet", () => {
  expect(checkQueues(onMain(all))).toEqual([]);
});

test("a queue without a consumer is reported with what its jobs do and where to add it", () => {
  const fleet = onMain({ ...all, queues: QUEUE_NAMES.filter((queue) => queue !== "fasp") });
  expect(checkQueues(fleet)).toEqual([
    {
      key: "main.sidekiq",
      message:
        "leaves the queue fasp (exchange with discovery providers (FASP)) without a process, so its jobs would wait " +
        "forever; add fasp to a process here or in a pool of workers",
    },
  ]);
});

test("a pool without droplets and a process without replicas serve nothing", () => {
  const nothing = [
    { key: "workers[0].sidekiq[0]", process: all, count: 0 },
    { key: "main.sidekiq[0]", process: { ...all, replicas: 0 }, count: 1 },
  ];
  expect(checkQueues(nothing).map(({ message }) => message.split(" ")[3])).toEqual(QUEUE_NAMES);
});

test("scheduler on two droplets of a pool is refused, with the process to write instead", () => {
  expect(checkQueues([{ key: "workers[0].sidekiq[0]", process: all, count: 2 }])).toEqual([
    {
      key: "workers[0].sidekiq[0]",
      message:
        "runs scheduler 2 times (replicas: 1, droplets: 2), and it must run once in the whole fleet; remove it here and " +
        "add { queues: [scheduler], threads: 1, replicas: 1 } to main.sidekiq",
    },
  ]);
});

test("scheduler in two places is refused in the second, which names the first", () => {
  const fleet = [
    ...onMain(withoutScheduler, scheduler),
    { key: "workers[0].sidekiq[0]", process: all, count: 1 },
  ];
  expect(checkQueues(fleet)).toEqual([
    {
      key: "workers[0].sidekiq[0]",
      message:
        "serves scheduler, which must run once in the whole fleet and does in main.sidekiq[1]; remove scheduler here",
    },
  ]);
});

test("a fleet is accepted exactly when every queue is served and scheduler runs once", () => {
  const process = fc.record({
    queues: fc.subarray(QUEUE_NAMES, { minLength: 1 }),
    threads: fc.integer({ min: 1, max: 25 }),
    replicas: fc.integer({ min: 1, max: 3 }),
  });
  const placed = fc.array(fc.record({ key: fc.string(), process, count: fc.integer({ min: 0, max: 2 }) }));
  fc.assert(
    fc.property(placed, (fleet) => {
      const instances = (queue: (typeof QUEUE_NAMES)[number]) =>
        fleet
          .filter(({ process }) => process.queues.includes(queue))
          .reduce((sum, { process, count }) => sum + process.replicas * count, 0);
      const good = QUEUE_NAMES.every((queue) => instances(queue) > 0) && instances("scheduler") === 1;
      expect(checkQueues(fleet).length === 0).toBe(good);
    }),
  );
});
