/** Compares the model, without the safety factor, with measurements of real Mastodon 4.6.5 and with what instances published. */
import { QUEUE_NAMES } from "../../catalogue/queues";
import { type Happenings, INCOMING_SHARE, perActivity } from "../../fleet/model/activities";
import { evaluate } from "../../fleet/model/evaluate";
import type { Activity } from "../../fleet/model/jobs";
import { jobsPerMonth, queueLoads, TRIP_COSTS, workloadOf } from "../../fleet/model/workload";
import { streamingNeedMiB } from "../../fleet/sizing/memory";
import { redisNeedOf } from "../../fleet/sizing/state";
import { sidekiqMemoryMiB } from "../../services/sidekiq";
import { webMemoryMiB } from "../../services/web";
import { CONDITIONS, fleet, mainHost, sidekiq, sized } from "../support/fleets";

/**
 * The mixed run of 500 local users, a second: 7 % of its jobs were activities, nearly all of them posts that reached eight or nine feeds each. Some 30
 * local posts went to about a hundred servers.
 */
const SECONDS = 21_208 / 101;
const INCOMING = (0.07 * 21_208) / SECONDS;
const POSTS = ["text", "hashtag", "mention", "picture", "fourPictures", "boostOfKnown", "boostOfUnknown"];
const ofPosts = (activity: Activity) => (POSTS.includes(activity) ? INCOMING_SHARE[activity] : 0);
const all = Object.values(perActivity(ofPosts)).reduce((sum, share) => sum + share, 0);
const RUN: Happenings = {
  incoming: perActivity((activity) => (INCOMING * ofPosts(activity)) / all),
  localPosts: 30 / SECONDS,
  localActions: 0,
  mails: 58 / 45_000,
};

describe("the mixed run of 21,208 jobs", () => {
  const loads = queueLoads(RUN, { feeds: 8.5, localFeeds: 60, servers: 100 });
  const jobs = QUEUE_NAMES.reduce((sum, queue) => sum + loads[queue].jobsPerSecond, 0);

  test.each([
    ["default", 0.715],
    ["push", 0.145],
    ["pull", 0.075],
    ["ingress", 0.07],
  ] as const)("%s had a share of %d, and has it in the model within 5 points", (queue, share) => {
    expect(Math.abs(loads[queue].jobsPerSecond / jobs - share)).toBeLessThan(0.05);
  });

  test.each([
    ["default", 7.4, 12],
    ["ingress", 24, 16],
    ["push", 7.4, 3],
    ["pull", 9.8, 4.4],
    ["mailers", 49, 7],
  ] as const)(
    "a job of %s took %d ms of CPU and %d queries, and does so in the model within a quarter",
    (queue, cpuMs, sql) => {
      // Without what the process takes between its jobs, which the middleware did not see.
      expect(Math.abs(loads[queue].cpuMs / 1.1 / cpuMs - 1)).toBeLessThan(0.25);
      expect(Math.abs(loads[queue].roundTrips / sql - 1)).toBeLessThan(0.25);
    },
  );

  test("all in all a job took 13.7 ms, and on two contended vCPUs 101 were done a second: within 20 %", () => {
    // They had 101 × 13.7 ms = 1.38 of two vCPUs: the 70 % that the model takes a shared one for.
    const host = mainHost(sized("s-2vcpu-4gb"), sidekiq(QUEUE_NAMES, 25, 2));
    const { hosts } = evaluate(fleet(host), {
      workload: {
        activeUsers: 500,
        databaseGiB: 0,
        queues: loads,
        tripCosts: TRIP_COSTS,
        // Only what came in asked for something.
        webCores: (INCOMING * 7.3) / 1000,
        nightShare: 1,
      },
      conditions: { ...CONDITIONS, safetyFactor: 1 },
      outage: { hours: 1, hoursBeforeBusiest: 0 },
      catchUpHours: 1,
    });
    const [{ web, jobs: spent, cores } = { web: 0, jobs: 0, cores: 0 }] = hosts;
    const perJobMs = (1000 * (web + spent)) / jobs;
    expect(Math.abs(perJobMs / 13.7 - 1)).toBeLessThan(0.2);
    expect(Math.abs((1000 * cores) / perJobMs / 101 - 1)).toBeLessThan(0.2);
  });
});

// Of the last, the accounts at that time: it deletes idle ones, and its active users are not published.
test.each([
  ["an instance with 101 active users: 2,800 a day for each", 101, 101 * 2_800],
  ["kujoe.blog's, November 2022: 3.0 to 3.5 million a day for 10,000", 10_000, 3_250_000],
  ["mastodon.radio, December 2022: 750,000 to 1.2 million a day", 1_700, 975_000],
  ["vmst.io: nearly two million a day", 2_500, 2_000_000],
])("jobs of %s, within 40 %%", (_, activeUsers, published) => {
  const perDay = jobsPerMonth(workloadOf({ activeUsers, nightPercent: 20, queues: {} })) / 30;
  expect(Math.abs(perDay / published - 1)).toBeLessThan(0.4);
});

describe("memory, within 15 % of what was seen and never below:", () => {
  const workload = workloadOf({ activeUsers: 500, nightPercent: 20, queues: {} });
  const idle = { ...workload, queues: { ...workload.queues } };
  for (const queue of QUEUE_NAMES) idle.queues[queue] = { ...idle.queues[queue], jobsPerSecond: 0 };

  test.each([
    ["Sidekiq with 2 threads", sidekiqMemoryMiB({ threads: 2 }), 440],
    ["Sidekiq with 15 threads", sidekiqMemoryMiB({ threads: 15 }), 498],
    ["Puma 2 × 5, eight uploads at once", webMemoryMiB(2), 871],
    ["streaming, nobody connected", streamingNeedMiB(0), 124],
    ["streaming, 1,000 sockets", streamingNeedMiB(1_000), 181],
    ["Redis with 500 feeds", redisNeedOf(idle, { hours: 1, hoursBeforeBusiest: 0 }).mib, 41],
  ])("%s", (_, predicted, seen) => {
    expect(predicted).toBeGreaterThanOrEqual(seen);
    expect(predicted).toBeLessThanOrEqual(seen * 1.15);
  });
});
