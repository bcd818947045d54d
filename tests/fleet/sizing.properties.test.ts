import fc from "fast-check";
import { type DropletSize, dropletSize, dropletSlugs } from "../../catalogue/droplets";
import { QUEUE_NAMES, type SidekiqProcess } from "../../catalogue/queues";
import { totalMiB } from "../../fleet/sizing/memory";
import type { MainOverrides } from "../../fleet/sizing/overrides";
import { sizeMain, sizeWorker } from "../../fleet/sizing/sizing";
import type { Problem } from "../../settings/problem";
import { redisNeed as redisNeedOfPeople } from "../support/fleets";

const redisNeed = redisNeedOfPeople();
const sizes = dropletSlugs().flatMap((slug) => dropletSize(slug) ?? []);
const size = fc.constantFrom(...sizes);
const process = fc.record({
  queues: fc.subarray(QUEUE_NAMES, { minLength: 1 }),
  threads: fc.integer({ min: 1, max: 25 }),
  replicas: fc.integer({ min: 1, max: 8 }),
});
const sidekiq = fc.array(process, { maxLength: 8 });
const workerThreads = fc.nat({ max: 2000 });
const upTo = (max: number) => fc.integer({ min: 1, max });
const overrides = fc.record(
  {
    postgres: fc.record({ sharedBuffersMiB: upTo(65536), maxConnections: upTo(400) }, { requiredKeys: [] }),
    pgbouncer: fc.record(
      { defaultPoolSize: upTo(400), maxClientConnections: upTo(4000) },
      { requiredKeys: [] },
    ),
    web: fc.record({ processes: upTo(32), threads: upTo(20) }, { requiredKeys: [] }),
  },
  { requiredKeys: [] },
);

const mainOn = (host: DropletSize, processes: SidekiqProcess[], threads: number) => ({
  ...host,
  sidekiq: processes,
  workerThreads: threads,
  volumeGiB: 50,
  redisNeed,
  sockets: 100,
});

/** A size that is too small, or a setting that takes too much. */
const aboutMemory = ({ key }: Problem) => /^main\.size$|MiB$|^main\.web\.processes$/.test(key);

/** Every number in a value, except what Redis has to hold: that is no setting. */
function numbers(value: unknown): number[] {
  if (typeof value === "number") return [value];
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, part]) => (key === "redisNeed" ? [] : numbers(part)));
}

test("no size in the catalogue gives a zero, a fraction or NaN", () => {
  fc.assert(
    fc.property(size, sidekiq, workerThreads, (host, processes, threads) => {
      const main = sizeMain(mainOn(host, processes, threads));
      const worker = sizeWorker({ ...host, sidekiq: processes });
      // Without Sidekiq on main its connections are no line, so that zero never shows.
      expect(numbers([main, worker]).filter((n) => !(Number.isInteger(n) && n > 0))).toEqual([]);
    }),
  );
});

test("the memory limits fit in the RAM, or main.size is a problem", () => {
  fc.assert(
    fc.property(size, sidekiq, workerThreads, overrides, (host, processes, threads, overridden) => {
      const main = sizeMain({ ...mainOn(host, processes, threads), overrides: overridden });
      const tooBig = totalMiB(main.memory) > host.memoryMiB;
      expect(main.problems.some(aboutMemory)).toBe(tooBig);
      const worker = sizeWorker({ ...host, sidekiq: processes, key: "workers[0]" });
      expect(worker.problems.some(({ key }) => key === "workers[0].size")).toBe(
        totalMiB(worker.memory) > host.memoryMiB,
      );
    }),
  );
});

test("connections fit at pgbouncer and at Postgres, or there is a problem", () => {
  fc.assert(
    fc.property(size, sidekiq, workerThreads, overrides, (host, processes, threads, overridden) => {
      const main = sizeMain({ ...mainOn(host, processes, threads), overrides: overridden });
      const { clientTotal, clientLimit, serverTotal, serverLimit } = main.connections;
      const fits = clientTotal <= clientLimit && serverTotal <= serverLimit && serverLimit <= 250;
      expect(main.problems.every(aboutMemory)).toBe(fits);
    }),
  );
});

test("with the remedies written every problem with connections is gone", () => {
  fc.assert(
    fc.property(size, sidekiq, workerThreads, overrides, (host, processes, threads, overridden) => {
      const input = mainOn(host, processes, threads);
      const written: MainOverrides = structuredClone(overridden);
      for (const { key, message } of sizeMain({ ...input, overrides: overridden }).problems) {
        const [, part, setting] = key.split(".");
        const value = Number(/write at (?:least|most) (\d+)/.exec(message)?.[1]);
        if (setting)
          Object.assign(written, { [part as string]: { ...written[part as "postgres"], [setting]: value } });
      }
      const left = sizeMain({ ...input, overrides: written }).problems;
      expect(left.filter((problem) => !aboutMemory(problem))).toEqual([]);
    }),
  );
});

test("without overrides connections always fit", () => {
  fc.assert(
    fc.property(size, sidekiq, workerThreads, (host, processes, threads) => {
      const { problems } = sizeMain({
        ...host,
        sidekiq: processes,
        workerThreads: threads,
        volumeGiB: 50,
        redisNeed,
        sockets: 100,
      });
      expect(problems.filter((problem) => !aboutMemory(problem))).toEqual([]);
    }),
  );
});

test("a recommended size is bigger, and the model accepts its memory", () => {
  fc.assert(
    fc.property(size, sidekiq, workerThreads, (host, processes, threads) => {
      const input = { sidekiq: processes, workerThreads: threads, volumeGiB: 50, redisNeed, sockets: 100 };
      const [problem] = sizeMain({ ...host, ...input }).problems;
      const slug = /write (\S+) \(/.exec(problem?.message ?? "")?.[1];
      if (slug === undefined) return;
      const recommended = dropletSize(slug);
      expect(recommended?.memoryMiB).toBeGreaterThan(host.memoryMiB);
      expect(recommended && sizeMain({ ...recommended, ...input }).problems).toEqual([]);
    }),
  );
});
