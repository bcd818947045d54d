/**
 * What `npm run calibrate` learns from, on a real main and its worker, with jobs whose costs are set. `CALIBRATE_MINUTES=15` gives them so many
 * minutes in which each queue rises and falls differently, and compares what is learned with what was set.
 */
import { QUEUE_NAMES, type QueueName } from "../../../catalogue/queues";
import { collect, script } from "../../../operations/calibrate/ask";
import { learn } from "../../../operations/calibrate/learn";
import { type Export, MEASURE_NAMES } from "../../../operations/calibrate/measures";
import { weekOf } from "../../../operations/calibrate/windows";
import { settings } from "../../support/fixtures";
import type { Watched } from "./bed";

/** As MeasuredJob of the stand-ins has them; two round trips to each database come on top. */
interface Work {
  cpu: number;
  trips: number;
  redis: number;
  wait: number;
}

const WORK: Partial<Record<QueueName, Work>> = {
  default: { cpu: 14, trips: 8, redis: 4, wait: 0 },
  push: { cpu: 8, trips: 2, redis: 1, wait: 300 },
  ingress: { cpu: 40, trips: 14, redis: 8, wait: 60 },
  pull: { cpu: 20, trips: 4, redis: 2, wait: 100 },
};
const OWN_TRIPS = 2;
const QUEUES = Object.keys(WORK) as QueueName[];

/** Jobs/s in a slot of each pattern, as shares of the most. */
const MOST: Partial<Record<QueueName, number>> = { default: 6, push: 4, ingress: 2, pull: 2 };
const PATTERNS: Partial<Record<QueueName, readonly number[]>> = {
  default: [1, 1, 0.2, 1, 0.2, 0.2],
  push: [0.2, 1, 1, 0.2, 1, 0.2],
  ingress: [1, 0.2, 1, 0.2, 0.2, 1],
  pull: [0.2, 0.2, 1, 1, 1, 0.2],
};

/** Asks for jobs at the pace of each slot, beginning with a whole window. It speaks Redis as the probe does. */
const PRODUCER = `
import importlib.machinery, importlib.util, json, sys, time
loader = importlib.machinery.SourceFileLoader("probe", "/usr/local/lib/mastodon-host/probe")
probe = importlib.util.module_from_spec(importlib.util.spec_from_loader("probe", loader))
sys.dont_write_bytecode = True
loader.exec_module(probe)
plan = json.loads(sys.argv[1])
redis = probe.Redis(probe.read_secret("redis-password"))
number, due = 0, {}
time.sleep(-time.time() % plan["step"])
begin = last = time.time()
while True:
    now = time.time()
    slot = int((now - begin) / plan["slot"])
    if slot >= len(plan["rates"]):
        break
    for queue, rate in plan["rates"][slot].items():
        due[queue] = due.get(queue, 0.0) + rate * (now - last)
        while due[queue] >= 1:
            due[queue] -= 1
            number += 1
            job = {"class": "MeasuredJob", "args": [number, plan["work"][queue]], "queue": queue, "retry": 25,
                   "jid": "%024x" % number, "created_at": now, "enqueued_at": now}
            redis.ask(["SADD", "queues", queue], ["LPUSH", f"queue:{queue}", json.dumps(job)])
    last = now
    time.sleep(0.05)
`;

const SLOTS = 6;
const MINUTES = Number(process.env.CALIBRATE_MINUTES ?? 0);

async function produce({ main }: Watched, step: number, slot: number, slots: number): Promise<void> {
  const rates = Array.from({ length: slots }, (_, s) =>
    Object.fromEntries(
      QUEUES.map((queue) => {
        const pattern = PATTERNS[queue] ?? [1];
        return [queue, (MOST[queue] ?? 0) * (pattern[s % pattern.length] ?? 0)];
      }),
    ),
  );
  const plan = JSON.stringify({ step, slot, rates, work: WORK });
  await main.run(`python3 - '${plan}'`, { input: PRODUCER, timeout: slot * slots + 300 });
}

async function measured({ main }: Watched, step: number, windows: number): Promise<Export> {
  // Not by whole hours, as in a week.
  const from = (Math.floor(Date.now() / 1000 / step) - windows) * step;
  const frame = { stack: "prod", from, step, windows };
  return collect(frame, await main.run("bash -s", { input: script(frame), timeout: 300 }));
}

export function learnedTests(watched: () => Watched): void {
  test("what is learned from is measured, on main and on its worker, and Prometheus answers every question", async () => {
    await watched().until(
      "mastodon_learned_up",
      {
        ...Object.fromEntries(
          ["feeds", "instance", "plan", "trips", "work"].map((source) => [`source=${source}`, 1]),
        ),
      },
      120,
    );
    await produce(watched(), 1, 45, 2);
    await watched().main.waitFor("jobs of both pools", 120, async () => {
      const found = await watched().query("sum by (pool, queue) (mastodon_pool_jobs_total) > 0");
      return ["pool=main,queue=push", "pool=default,queue=default"].every((one) => found[one] !== undefined);
    });
    await watched().main.waitFor("their increase", 120, async () => {
      const found = await watched().query("sum by (pool) (increase(mastodon_pool_jobs_total[2m])) > 0");
      return ["pool=main", "pool=default"].every((pool) => found[pool] !== undefined);
    });
    // What has increased within two minutes is within the four whole ones from the next one on.
    await new Promise((resolve) => setTimeout(resolve, 60_000 - (Date.now() % 60_000)));
    const { series } = await measured(watched(), 60, 4);
    // Nobody has a feed, and people do not come here.
    const empty = MEASURE_NAMES.filter((name) =>
      series[name].every(({ values }) => values.every((one) => one === null)),
    );
    expect(empty).toEqual(["feedBytes"]);
    const services = series.cpu.map(({ labels }) => `${labels.pool} ${labels.service}`);
    for (const service of [
      "web",
      "streaming",
      "postgresql",
      "pgbouncer",
      "redis-server",
      "redis-server@cache",
      "tailscaled",
    ])
      expect(services).toContain(`main ${service}`);
    expect(series.ping.map(({ labels }) => labels.pool).sort()).toEqual(["default", "main"]);
  }, 600_000);

  if (MINUTES === 0) return;
  test(
    "what a job was set to cost is what is learned, within 10 %",
    async () => {
      // Two windows in each slot of the patterns.
      const step = Math.floor((MINUTES * 60) / (2 * SLOTS));
      await produce(watched(), step, 2 * step, SLOTS);
      // The last counts arrive.
      await new Promise((resolve) => setTimeout(resolve, 45_000));
      const read = await measured(watched(), step, 2 * SLOTS);
      const week = weekOf(read);
      const learned = learn(week, settings({}), { rowSeconds: step, blockSeconds: step });
      const rows = QUEUES.flatMap((queue) => {
        const work = WORK[queue] as Work;
        const truth = {
          cpuMs: work.cpu,
          waitMs: work.wait,
          roundTrips: work.trips + OWN_TRIPS,
          redisTrips: work.redis + OWN_TRIPS,
        };
        return Object.entries(truth).map(([name, set]) => {
          const found = learned.queues[queue][name as keyof typeof truth];
          return { queue, name, set, found };
        });
      });
      for (const { queue, name, set, found } of rows)
        process.stdout.write(
          `    ${queue} ${name}: ${set} set, ${found ? `${found.value.toFixed(1)} (${found.low.toFixed(1)} to ${found.high.toFixed(1)})` : "not told"}\n`,
        );
      for (const { what, why } of learned.left) process.stdout.write(`    ${what}: ${why}\n`);
      process.stdout.write(`    ${JSON.stringify({ ...learned, queues: undefined, left: undefined })}\n`);
      for (const { queue, name, set, found } of rows) {
        // What it waits for Postgres is more here than on a droplet, and counts as waiting: only a long wait shows.
        if (!found || (name === "waitMs" && set < 200)) continue;
        expect([queue, name, Math.abs(found.value / set - 1) < 0.1]).toEqual([queue, name, true]);
      }
      for (const queue of QUEUES)
        expect([queue, learned.queues[queue].cpuMs !== undefined]).toEqual([queue, true]);
      expect(QUEUE_NAMES.filter((queue) => learned.jobs[queue] > 0).length).toBeGreaterThanOrEqual(
        QUEUES.length,
      );
    },
    (MINUTES * 60 + 900) * 1000,
  );
}
