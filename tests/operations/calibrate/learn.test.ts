/** A week whose figures are known: they come out again, what the week does not tell is said, and a stack file with the output plans. */
import { parse } from "yaml";
import program from "../../..";
import { QUEUE_NAMES, type QueueName } from "../../../catalogue/queues";
import { type WorkloadSettings, workloadOf } from "../../../fleet/model/workload";
import { type Learned, learn } from "../../../operations/calibrate/learn";
import type { Export } from "../../../operations/calibrate/measures";
import { Sample } from "../../../operations/calibrate/sample";
import { type KnownStack, knownStack } from "../../../operations/calibrate/stack";
import { learnedText } from "../../../operations/calibrate/text";
import { weekOf } from "../../../operations/calibrate/windows";
import { makePlan } from "../../../plan/plan";
import { readExample } from "../../../settings/stackFile/examples";
import { syntheticWeek, TRUTH } from "./syntheticWeek";

const prod = knownStack(readExample("prod"));
const learned = (read: Export, own: KnownStack = prod) => learn(weekOf(read), own.settings);

function printed(read: Export, own: KnownStack = prod) {
  const week = weekOf(read);
  const { defaults } = new Sample(week, own.settings);
  return learnedText({ stack: "prod", week, learned: learn(week, own.settings), defaults }, own);
}

/** Prod, with the printed keys instead of those in its file. */
async function planned(printed: string, recovery: object) {
  const example = readExample("prod");
  const { config } = parse(printed) as { config: Record<string, unknown> };
  const written = Object.fromEntries(
    Object.entries(config).map(([key, value]) => [key, JSON.stringify(value)]),
  );
  const more = { "mastodon-hosting:recovery": JSON.stringify(recovery) };
  return (await makePlan({ ...example, config: { ...example.config, ...written, ...more } }, program)).plan;
}

const week = syntheticWeek();
const all = learned(week);
const text = printed(week);
const BUSY_QUEUES = ["default", "push", "ingress", "pull"] as const satisfies QueueName[];

/** Mean people of a window at the busiest hour of the day, as the week happened to have them. */
function busyPeople({ series, from, step }: Export): number {
  const jobs = (w: number) => series.jobs.reduce((sum, { values }) => sum + (values[w] ?? 0), 0);
  const hours = Array.from({ length: 24 }, () => ({ jobs: 0, people: 0, windows: 0 }));
  series.people[0]?.values.forEach((people, w) => {
    const hour = hours[Math.floor((from + step * w) / 3600) % 24];
    if (!hour) return;
    hour.jobs += jobs(w);
    hour.people += people ?? 0;
    hour.windows += 1;
  });
  const [busiest] = hours.sort((a, b) => b.jobs - a.jobs);
  return (busiest?.people ?? 0) / (busiest?.windows ?? 1);
}

const off = (value: number | undefined, truth: number) =>
  value === undefined ? Number.POSITIVE_INFINITY : Math.abs(value - truth) / truth;

test.each(BUSY_QUEUES)("base and slope of %s are those of the week, within 10 %%", (queue) => {
  const { base, perPerson } = TRUTH.queues[queue];
  const { basePerSecond, perThousandUsers } = all.queues[queue];
  const slope = (1000 * perPerson * busyPeople(week)) / TRUTH.people.month;
  expect(off(basePerSecond?.value, base)).toBeLessThan(0.1);
  expect(off(perThousandUsers?.value, slope)).toBeLessThan(0.1);
});

test.each(QUEUE_NAMES)(
  "what a job of %s costs is within 10 %% of the truth, wherever it is written",
  (queue) => {
    const found = all.queues[queue];
    for (const name of ["cpuMs", "waitMs", "roundTrips", "redisTrips", "jobBytes"] as const) {
      const truth = TRUTH.queues[queue][name];
      const value = found[name]?.value;
      if (value === undefined || (name === "waitMs" && truth < 10)) continue;
      expect([name, off(value, truth) < 0.1]).toEqual([name, true]);
    }
  },
);

test.each([1, 2, 3])("whatever the noise of the week (%i)", (seed) => {
  const read = syntheticWeek({ seed });
  const found = learned(read);
  for (const queue of QUEUE_NAMES) {
    const truth = TRUTH.queues[queue];
    const figures = found.queues[queue];
    for (const name of ["cpuMs", "roundTrips", "redisTrips", "jobBytes"] as const)
      if (figures[name])
        expect([queue, name, off(figures[name].value, truth[name]) < 0.1]).toEqual([queue, name, true]);
    if (!figures.basePerSecond) continue;
    // A base that is a small part of the rate is known as a part of it, not to a tenth of itself.
    const busy = truth.base + truth.perPerson * busyPeople(read);
    expect([
      queue,
      Math.abs(figures.basePerSecond.value - truth.base) < Math.max(0.1 * truth.base, 0.03 * busy),
    ]).toEqual([queue, true]);
  }
});

test("of every busy queue, everything is written", () => {
  const names = [
    "basePerSecond",
    "cpuMs",
    "jobBytes",
    "perThousandUsers",
    "redisTrips",
    "roundTrips",
    "waitMs",
  ];
  for (const queue of ["default", "push", "ingress"] as const)
    expect([queue, Object.keys(all.queues[queue]).sort()]).toEqual([queue, names]);
  for (const queue of ["mailers", "pull", "scheduler"] as const)
    expect([queue, all.queues[queue].cpuMs !== undefined]).toEqual([queue, true]);
  // A job without waiting has next to none.
  expect(Math.abs((all.queues.default.waitMs?.value ?? 99) - 4)).toBeLessThan(1);
});

test("web, round trips, the path and sizes are within 10 %", () => {
  const { base, perPerson, queriesPerRequest, readsPerRequest } = TRUTH.web;
  const request = (queriesPerRequest * TRUTH.queryMs + readsPerRequest * TRUTH.redisTripMs) / 1000;
  const others = (4 * TRUTH.queryMs + 12 * TRUTH.redisTripMs) / 1000;
  expect(off(all.web?.baseCores.value, base + 6 * request + others)).toBeLessThan(0.1);
  const slope = (1000 * (perPerson + 0.025 * request) * busyPeople(week)) / TRUTH.people.month;
  expect(off(all.web?.perThousandUsers.value, slope)).toBeLessThan(0.1);
  for (const name of ["queryMs", "redisTripMs", "rttMs", "tailnetMs", "feedBytes"] as const)
    expect([name, off(all[name]?.value, TRUTH[name]) < 0.1]).toEqual([name, true]);
  expect([all.activeUsers, all.databaseGiB]).toEqual([5200, 40]);
});

test("the spread of most figures has the truth in it, and is no wider than it has to be", () => {
  const figures = BUSY_QUEUES.flatMap((queue) =>
    (["cpuMs", "roundTrips", "redisTrips"] as const).flatMap((name) => {
      const figure = all.queues[queue][name];
      return figure ? [{ ...figure, truth: TRUTH.queues[queue][name] }] : [];
    }),
  );
  const inside = figures.filter(({ low, high, truth }) => low * 0.98 <= truth && truth <= high * 1.02);
  expect(inside.length).toBeGreaterThanOrEqual(figures.length - 2);
  for (const { value, low, high } of figures) {
    expect(low).toBeLessThanOrEqual(value);
    expect(high).toBeGreaterThanOrEqual(value);
    expect((high - low) / value).toBeLessThan(0.21);
  }
});

test("a stack file with the output plans, and its load is that of the week", async () => {
  const { capacity } = await planned(text, { catchUpHours: 2 });
  const { config } = parse(text) as { config: Record<string, WorkloadSettings> };
  const load = workloadOf({ nightPercent: 20, ...config["mastodon-hosting:workload"] } as WorkloadSettings);
  for (const queue of BUSY_QUEUES) {
    const { base, perPerson, cpuMs } = TRUTH.queues[queue];
    expect(off(load.queues[queue].jobsPerSecond, base + perPerson * busyPeople(week))).toBeLessThan(0.1);
    expect(off(load.queues[queue].cpuMs, cpuMs)).toBeLessThan(0.1);
    const shown = capacity.queues.find(({ queue: name }) => name === queue);
    expect(off(shown?.arrivalsPerSecond, load.queues[queue].jobsPerSecond)).toBeLessThan(0.01);
  }
});

test("the next verdict is about this instance: its jobs cost more, and prod's fleet is too small for its own goal", async () => {
  await expect(planned(text, { catchUpHours: 0.5 })).rejects.toThrow(
    /have not caught up within recovery\.catchUpHours: 0\.5/,
  );
});

const why = ({ left }: Pick<Learned, "left">, what: string) => left.find((one) => one.what === what)?.why;

test("a queue without jobs is left at the default, and that is said", () => {
  expect(all.queues.fasp).toEqual({});
  expect(why(all, "queues.fasp")).toBe("there were no jobs");
  expect(text).toContain("#   queues.fasp: there were no jobs\n");
  expect(text).not.toMatch(/^ +fasp:/m);
});

test("two queues that come and go together are not told apart: one keeps the default, the other has the rest", () => {
  const found = learned(syntheticWeek({ tied: { queue: "pull", to: "ingress", each: 0.5 } }));
  expect(found.queues.pull.roundTrips).toBeUndefined();
  expect(why(found, "queues.pull.roundTrips")).toMatch(/spread|comes and goes/);
  const sum =
    (found.queues.ingress.roundTrips?.value ?? 0) +
    0.5 * workloadOf(prod.settings.workload).queues.pull.roundTrips;
  expect(off(sum, TRUTH.queues.ingress.roundTrips + 0.5 * TRUTH.queues.pull.roundTrips)).toBeLessThan(0.05);
  // Their CPU is: their processes do not share them alike.
  expect(off(found.queues.pull.cpuMs?.value, TRUTH.queues.pull.cpuMs)).toBeLessThan(0.1);
});

test("people who neither come nor go: a rate, and no slope that was made up", () => {
  const truth = { ...TRUTH, people: { busy: 300, night: 299, month: 5200 } };
  const still = syntheticWeek({ truth });
  for (const { values } of still.series.people) values.fill(300);
  const found = learned(still);
  for (const queue of BUSY_QUEUES) {
    const { base, perPerson } = TRUTH.queues[queue];
    expect(found.queues[queue].basePerSecond).toBeUndefined();
    expect(off(found.queues[queue].jobsPerSecond?.value, base + perPerson * 300)).toBeLessThan(0.1);
  }
  expect(why(found, "web")).toMatch(/too little/);
  expect(found.webCores?.value).toBeGreaterThan(0.5);
});

test("without people's number there is no slope either", () => {
  const nobody = syntheticWeek();
  for (const { values } of nobody.series.activeUsers) values.fill(0);
  const found = learned(nobody);
  expect(found.queues.default.perThousandUsers).toBeUndefined();
  expect(found.queues.default.jobsPerSecond?.value).toBeGreaterThan(20);
  expect(why(found, "activeUsers")).toBe("Mastodon has counted nobody yet");
});

test("without workers, the path keeps what the stack has", () => {
  const alone = syntheticWeek();
  for (const all of Object.values(alone.series))
    for (const { labels } of all) if (labels.pool === "general") labels.pool = "main";
  alone.series.ping = [];
  const found = learned(alone);
  expect([found.rttMs, found.tailnetMs]).toEqual([undefined, undefined]);
  expect(why(found, "assumptions.rttMs and tailnetMs")).toBe("no worker did a job");
});

test("a pool that the stack no longer has is left out, and that is said", () => {
  const renamed = syntheticWeek();
  for (const all of Object.values(renamed.series))
    for (const { labels } of all) if (labels.pool === "general") labels.pool = "former";
  const found = learned(renamed);
  expect(why(found, "what the pool former did")).toMatch(/no such pool/);
  expect(off(found.queues.ingress.cpuMs?.value, TRUTH.queues.ingress.cpuMs)).toBeLessThan(0.1);
});

test("time that the host gave to others counts as the model's shared CPU does", () => {
  const stolen = syntheticWeek();
  for (const { labels, values } of stolen.series.steal) if (labels.pool === "general") values.fill(0.2);
  expect(
    (learned(stolen).queues.push.cpuMs?.value ?? 0) / (all.queues.push.cpuMs?.value ?? 1),
  ).toBeGreaterThan(1.15);
});

test("hours that are missing cost nothing but their own", () => {
  const gap = syntheticWeek();
  for (const all of Object.values(gap.series)) for (const { values } of all) values.fill(null, 300, 420);
  const found = learned(gap);
  expect(off(found.queues.default.cpuMs?.value, TRUTH.queues.default.cpuMs)).toBeLessThan(0.1);
  expect(off(found.queues.default.basePerSecond?.value, TRUTH.queues.default.base)).toBeLessThan(0.15);
});

test("what the stack has measured itself takes part where the week says nothing", () => {
  const read = syntheticWeek({ tied: { queue: "pull", to: "ingress", each: 0.5 } });
  const roundTrips = TRUTH.queues.pull.roundTrips;
  const workload = { ...prod.settings.workload, queues: { pull: { roundTrips } } };
  const found = learned(read, { ...prod, settings: { ...prod.settings, workload } });
  expect(found.queues.pull.roundTrips).toBeUndefined();
  expect(off(found.queues.ingress.roundTrips?.value, TRUTH.queues.ingress.roundTrips)).toBeLessThan(0.03);
});

test("what the stack has measured itself stays where the week says nothing, and its rate goes where it does", () => {
  const own: KnownStack = {
    ...prod,
    written: {
      workload: {
        activeUsers: 6000,
        webCores: 3,
        queues: { fasp: { cpuMs: 12 }, push: { jobsPerSecond: 3 }, mailers: { roundTrips: 8 } },
      },
      assumptions: { safetyFactor: 1.3, rttMs: 9 },
    },
  };
  const { config } = parse(printed(week, own)) as { config: Record<string, Record<string, unknown>> };
  expect(config["mastodon-hosting:assumptions"]).toEqual({
    safetyFactor: 1.3,
    rttMs: expect.closeTo(2.4, 1),
    tailnetMs: expect.any(Number),
  });
  const { webCores, queues } = config["mastodon-hosting:workload"] as {
    webCores: unknown;
    queues: Record<string, object>;
  };
  expect(webCores).toBeUndefined();
  expect(queues.fasp).toEqual({ cpuMs: 12 });
  expect(queues.push).not.toHaveProperty("jobsPerSecond");
  expect(queues.mailers).toMatchObject({ roundTrips: 8, cpuMs: expect.any(Number) });
});

test("each value has its spread and what the model derives without it", () => {
  expect(text).toMatch(/^ {8}cpuMs: 11 # 1[01](\.\d)? to 11(\.\d)?; derived: 8\.94$/m);
  expect(text).toMatch(/^ {6}# 12,\d{3},\d{3} jobs\n {6}default:$/m);
  expect(text).toMatch(/^# What prod measured from 2026-11-29 00:00 to 2026-12-06 00:00 UTC: 7 days/);
});
