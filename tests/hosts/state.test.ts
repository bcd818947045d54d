/** Redis, filled for real with what the model says it has to hold: each person's feed and the jobs that wait after the planned outage. */

import { evaluate, type Situation } from "../../fleet/model/evaluate";
import { type Fleet, fleetOf } from "../../fleet/model/fleet";
import { workloadOf } from "../../fleet/model/workload";
import { propose } from "../../fleet/proposal/propose";
import { situationOf } from "../../fleet/situation";
import { redisPeak } from "../../fleet/sizing/state";
import { plainSettings } from "../../settings/plain";
import { type Settings, settingsSchema } from "../../settings/schema";
import { EXAMPLES, readExample } from "../../settings/stackFile/examples";
import { unqualified } from "../../settings/stackFile/stackFile";
import { CONDITIONS } from "../support/fleets";
import { root } from "./lab";
import { RedisServer } from "./state/redisServer";

/** Everything by so many times smaller, so that a fill takes seconds: Redis' own 1 MiB weighs more then. */
const FILLED_MIB = 48;

interface Case {
  title: string;
  fleet: Fleet;
  situation: Situation;
}

function example(name: (typeof EXAMPLES)[number]): Case {
  const { config, project } = readExample(name);
  const settings = plainSettings(unqualified(config, project), settingsSchema.shape).settings as Settings;
  const fleet = fleetOf(settings);
  if (!fleet) throw new Error(`${name} has a size that is not in the catalogue`);
  return { title: name, fleet, situation: situationOf(settings) };
}

const asked = (activeUsers: number, hours: number): Situation => ({
  workload: workloadOf({ activeUsers, nightPercent: 20, queues: {} }),
  conditions: CONDITIONS,
  outage: { hours, hoursBeforeBusiest: 0 },
  catchUpHours: hours,
});

function proposed(activeUsers: number, hours: number): Case {
  const situation = asked(activeUsers, hours);
  const fleet = propose(
    { situation, volumeGiB: 1000, overrides: {} },
    activeUsers < 500 ? "thrifty" : "standard",
  )?.fleet;
  if (!fleet) throw new Error(`no fleet for ${activeUsers}`);
  return { title: `size: ${activeUsers} users, ${hours} h`, fleet, situation };
}

/** Fills a Redis; what it refused. */
async function fill({ fleet, situation }: Omit<Case, "title">): Promise<{
  errors: string[];
  scale: number;
  usedMiB: number;
  /** As computed, for that scale. */
  neededMiB: number;
}> {
  const { main, course } = evaluate(fleet, situation);
  const peak = redisPeak(situation.workload, course);
  const scale = Math.max(peak.mib / FILLED_MIB, 1);
  // The moment that redisPeak found.
  const at = course.hours.findIndex((_, i) => {
    const jobs = course.backlog.reduce((sum, queue) => sum + (queue[i] ?? 0), 0);
    return Math.abs(jobs - peak.jobs) < 1e-6;
  });
  const redis = await RedisServer.start(await root(), main.redis.maxMemoryMiB / scale);
  try {
    await redis.feeds(Math.ceil(situation.workload.activeUsers / scale));
    await redis.jobs(course.backlog.map((queue) => (queue[at] ?? 0) / scale));
    const usedMiB = await redis.usedMiB();
    return { errors: [...redis.errors], scale, usedMiB, neededMiB: peak.mib / scale };
  } finally {
    redis.stop();
  }
}

describe("state", () => {
  test.each([
    ...EXAMPLES.map(example),
    ...[50, 300].map((users) => proposed(users, 2)),
    ...[1000, 6000, 20_000].map((users) => proposed(users, 2)),
    proposed(3000, 8),
  ])("$title: Redis holds the feeds and the backlog", async (one) => {
    const { errors, scale, usedMiB, neededMiB } = await fill(one);
    process.stderr.write(
      `${one.title}: ${usedMiB.toFixed(1)} MiB, computed ${neededMiB.toFixed(1)}, at 1/${scale.toFixed(1)}\n`,
    );
    expect(errors).toEqual([]);
    expect(Math.abs(neededMiB / usedMiB - 1)).toBeLessThan(0.2);
  });

  test("a Redis that is refused would have filled up", async () => {
    const { fleet, situation } = example("prod");
    const small = { ...fleet, overrides: { ...fleet.overrides, redis: { maxMemoryMiB: 512 } } };
    expect(evaluate(small, situation).main.problems.map(({ key }) => key)).toEqual([
      "main.redis.maxMemoryMiB",
    ]);
    const { errors } = await fill({ fleet: small, situation });
    expect(errors).toEqual(["OOM command not allowed when used memory > 'maxmemory'."]);
  });
});
