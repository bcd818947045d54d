/** The capacity model's verdict on a stack: refused with the rest, warned of with the rest, and right about what to write. */
import fc from "fast-check";
import { assess } from "../../fleet/assess";
import { type BadCase, parse, problems, type StackFile } from "../support/stackFile";

const bad: BadCase[] = [
  ["a workload that is no map", { workload: 1000 }, "workload is 1000, not a map"],
  ["no users", { workload: { activeUsers: 0 } }, "workload.activeUsers is 0; write at least 1"],
  [
    "half a user",
    { workload: { activeUsers: 0.5 } },
    "workload.activeUsers is 0.5, not a whole number; write, for example, 1000",
  ],
  [
    "users in words",
    { workload: { activeUsers: "many" } },
    'workload.activeUsers is "many", not a whole number; write, for example, 1000',
  ],
  [
    "a night without any load",
    { workload: { nightPercent: 0 } },
    "workload.nightPercent is 0; write at least 1",
  ],
  [
    "a queue that does not exist",
    { workload: { queues: { pushh: { jobsPerSecond: 1 } } } },
    "workload.queues.pushh is not a setting; did you mean workload.queues.push?",
  ],
  [
    "a queue's load as a number",
    { workload: { queues: { push: 3 } } },
    "workload.queues.push is 3, not a map",
  ],
  [
    "a cost that does not exist",
    { workload: { queues: { push: { cpu: 3 } } } },
    "workload.queues.push.cpu is not a setting; did you mean workload.queues.push.cpuMs?",
  ],
  [
    "a rate in words",
    { workload: { queues: { push: { jobsPerSecond: "3/s" } } } },
    'workload.queues.push.jobsPerSecond is "3/s", not a number',
  ],
  [
    "a job without CPU",
    { workload: { queues: { push: { cpuMs: 0 } } } },
    "workload.queues.push.cpuMs is 0; write at least 0.1",
  ],
  [
    "a rate as one number and as a line",
    { workload: { queues: { push: { jobsPerSecond: 3, perThousandUsers: 0 } } } },
    "workload.queues.push.jobsPerSecond is set, and so are basePerSecond or perThousandUsers; write one or the other",
  ],
  [
    "web as one number and as a line",
    { workload: { webCores: 0.3, web: { baseCores: 0.3 } } },
    "workload.webCores is set, and so is workload.web; write one of them",
  ],
  ["a feed of nothing", { workload: { feedBytes: 0 } }, "workload.feedBytes is 0; write at least 1"],
  ["cores in the negative", { workload: { webCores: -1 } }, "workload.webCores is -1; write at least 0"],
  ["an outage in words", { recovery: { outageHours: "2h" } }, 'recovery.outageHours is "2h", not a number'],
  ["no outage", { recovery: { outageHours: 0 } }, "recovery.outageHours is 0; write at least 0.1"],
  [
    "a catch-up beyond what is simulated",
    { recovery: { catchUpHours: 49 } },
    "recovery.catchUpHours is 49; write at most 48",
  ],
  [
    "nothing for a number",
    { recovery: { catchUpHours: null } },
    "recovery.catchUpHours is empty; write a number, or leave it out",
  ],
  [
    "a slip of the pen",
    { recovery: { catchupHours: 1 } },
    "recovery.catchupHours is not a setting; did you mean recovery.catchUpHours?",
  ],
  [
    "more than a whole CPU",
    { assumptions: { sharedCpuPercent: 101 } },
    "assumptions.sharedCpuPercent is 101; write at most 100",
  ],
  [
    "less CPU than was measured",
    { assumptions: { safetyFactor: 0.5 } },
    "assumptions.safetyFactor is 0.5; write at least 1",
  ],
  ["a way back in time", { assumptions: { rttMs: -1 } }, "assumptions.rttMs is -1; write at least 0"],
];

test.each(bad)("%s is refused", (_title, changes, ...lines) => {
  expect(problems(changes)).toEqual(lines);
});

test("what a stack measured takes the place of what the model derives, queue by queue", () => {
  const { workload, recovery, assumptions } = parse({
    workload: { activeUsers: 500, webCores: 0.25, queues: { push: { jobsPerSecond: 1.5, waitMs: 80 } } },
    recovery: { outageHours: 0.5, catchUpHours: 1.5 },
    assumptions: {
      sharedCpuPercent: 60,
      rttMs: 0.4,
      tailnetMs: 0.05,
      safetyFactor: 1.2,
      signaturesPerSecond: { c: 3200 },
    },
  });
  expect(workload).toEqual({
    activeUsers: 500,
    databaseGiB: 0,
    nightPercent: 20,
    webCores: 0.25,
    queues: { push: { jobsPerSecond: 1.5, waitMs: 80 } },
  });
  expect([recovery, assumptions]).toEqual([
    { outageHours: 0.5, catchUpHours: 1.5 },
    {
      sharedCpuPercent: 60,
      rttMs: 0.4,
      tailnetMs: 0.05,
      safetyFactor: 1.2,
      signaturesPerSecond: { c: 3200 },
    },
  ]);
});

const POOL = {
  name: "general",
  count: 1,
  sidekiq: [
    { queues: { default: 8, ingress: 4 }, threads: 5 },
    { queues: { push: 6, mailers: 2, pull: 1, fasp: 1 }, threads: 15 },
  ],
};
const MAIN = { size: "g-4vcpu-16gb", sidekiq: [{ queues: ["scheduler"], threads: 2 }] };

test("a fleet that cannot keep up is refused together with everything else that is wrong", () => {
  expect(
    problems({
      main: MAIN,
      workers: [POOL],
      workload: { activeUsers: 7000 },
      mediaDomain: "Media.example.org",
    }),
  ).toEqual([
    'mediaDomain is "Media.example.org", not a lowercase host name; write media.example.org',
    "workers[0].count is 1, and after an outage of 2 h default (5.25 h) and ingress (2.24 h) have not caught up within recovery.catchUpHours: 2; write 2 ($42 a month more)",
  ]);
});

/** `key is …; write VALUE`, applied to the stack file. */
function written(file: StackFile, line: string): StackFile {
  const [, key = "", value = ""] = /^(\S+) is .*; write (.*?)(?: \(\$\d+ a month more\))?$/.exec(line) ?? [];
  const path = key.split(/[.[\]]+/).filter(Boolean);
  const copy = structuredClone(file);
  let place = copy as Record<string, unknown>;
  for (const step of path.slice(0, -1)) place = place[step] as Record<string, unknown>;
  const flow = value.replace(/([a-z]+):/g, '"$1":').replace(/([[ ])([a-z]+)(?=[,\]])/g, '$1"$2"');
  place[path.at(-1) ?? ""] = /^[[{\d]/.test(value) ? JSON.parse(flow) : value;
  return copy;
}

test("whatever a refused fleet is told to write is accepted, or at least refused for something else", () => {
  const file = fc.record({
    users: fc.constantFrom(3000, 4500, 6000, 6500, 7000, 7500),
    count: fc.integer({ min: 1, max: 2 }),
    size: fc.constantFrom("s-2vcpu-4gb", "c-2", "c-4"),
    threads: fc.integer({ min: 1, max: 20 }),
    catchUpHours: fc.constantFrom(1, 2, 12),
  });
  let recommended = 0;
  fc.assert(
    fc.property(file, ({ users, count, size, threads, catchUpHours }) => {
      const stack: StackFile = {
        main: structuredClone(MAIN),
        workers: [{ ...structuredClone(POOL), count, size }],
        workload: { activeUsers: users },
        recovery: { catchUpHours },
      };
      (stack.workers as (typeof POOL)[])[0]?.sidekiq.forEach((process, i) => {
        process.threads = i === 1 ? threads : process.threads;
      });
      const before = refusedWith(stack);
      for (const line of before.filter((one) => / write /.test(one))) {
        recommended++;
        const after = refusedWith(written(stack, line)).flatMap(queuesIn);
        expect(queuesIn(line).filter((queue) => after.includes(queue))).toEqual([]);
      }
      // One line is the whole answer where it is the only one.
      if (before.length === 1 && / write /.test(before[0] ?? "")) {
        expect(refusedWith(written(stack, before[0] ?? ""))).toEqual([]);
      }
    }),
    { numRuns: 15, seed: 5 },
  );
  expect(recommended).toBeGreaterThan(5);
});

/** The queues that a line is about: each with its figures in brackets. */
const queuesIn = (line: string) => [...line.matchAll(/([a-z]+) \(\d/g)].map(([, queue]) => queue);

function refusedWith(file: StackFile): string[] {
  try {
    parse(file);
    return [];
  } catch {
    return problems(file);
  }
}

test("the verdict's warnings stand beside the others", () => {
  const { warnings, capacity } = assess(
    parse({ assumptions: { rttMs: 5 }, administratorKeys: [], workload: { activeUsers: 100 } }),
  );
  expect(warnings.filter((line) => line.startsWith("assumptions.rttMs is 5, and "))).toHaveLength(1);
  expect(capacity.problems).toEqual([]);
});
