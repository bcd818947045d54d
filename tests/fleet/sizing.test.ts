import { dropletSize } from "../../catalogue/droplets";
import { QUEUE_NAMES, type SidekiqProcess } from "../../catalogue/queues";
import type { MainInput } from "../../fleet/sizing/input";
import {
  streamingLimitMiB,
  streamingNeedMiB,
  swapMiB,
  totalMiB,
  webProcesses,
} from "../../fleet/sizing/memory";
import type { MainOverrides } from "../../fleet/sizing/overrides";
import { defaultPoolSize, largestPool, serverConnections } from "../../fleet/sizing/postgres";
import { sizeMain, sizeWorker } from "../../fleet/sizing/sizing";
import { sidekiqMemoryMiB } from "../../services/sidekiq";
import { redisNeed } from "../support/fleets";

const one: SidekiqProcess = { queues: QUEUE_NAMES, threads: 10, replicas: 1 };

function host(slug: string) {
  const size = dropletSize(slug);
  if (!size) throw new Error(`${slug} is not in the catalogue`);
  return size;
}

function main(slug: string, rest: Partial<MainInput> = {}) {
  return sizeMain({
    ...host(slug),
    sidekiq: [one],
    workerThreads: 0,
    volumeGiB: 50,
    redisNeed: redisNeed(),
    sockets: 100,
    ...rest,
  });
}

const overridden = (overrides: MainOverrides) => main("s-4vcpu-8gb", { overrides });

test.each([
  [1, 448],
  [2, 448],
  [5, 480],
  [15, 560],
  [25, 656],
])("a Sidekiq process with %i threads takes %i MiB", (threads, mib) => {
  expect(sidekiqMemoryMiB({ threads })).toBe(mib);
  expect(sidekiqMemoryMiB({ threads, memoryMiB: 700 })).toBe(700);
});

test("a container may take an ffmpeg more where one may run, a quarter more where not, and leaves the system its share", () => {
  const limit = (queues: SidekiqProcess["queues"], memoryMiB: number) =>
    sizeWorker({ memoryMiB, vcpus: 2, sidekiq: [{ queues, threads: 5, replicas: 1 }] }).sidekiq[0]?.limitMiB;
  for (const queue of ["default", "ingress", "pull"] as const) {
    expect(limit([queue], 4096)).toBe(480 + 1408);
    expect(limit({ push: 6, [queue]: 1 }, 4096)).toBe(480 + 1408);
    expect(limit([queue], 2048)).toBe(2048 - 512);
  }
  for (const queue of ["push", "mailers", "scheduler", "fasp"] as const)
    expect(limit([queue], 4096)).toBe(608);
  expect(main("s-2vcpu-4gb").web.memoryMiB).toBe(640 + 1408);
});

test.each([
  ["s-1vcpu-1gb", 1],
  ["s-2vcpu-4gb", 1],
  ["s-2vcpu-8gb-amd", 2],
  ["s-4vcpu-8gb", 2],
  ["s-8vcpu-16gb", 4],
  ["c-8", 4],
  ["m-8vcpu-64gb", 4],
])("%s runs %i Puma processes", (slug, processes) => {
  expect(webProcesses(host(slug))).toBe(processes);
});

test("swap is as big as the RAM up to 4 GiB, and 2 GiB above", () => {
  expect([512, 2048, 4096, 8192, 65_536].map(swapMiB)).toEqual([512, 2048, 4096, 2048, 2048]);
});

test("streaming takes a little more with each socket, and may take half as much again", () => {
  expect([0, 100, 1_000, 5_000].map(streamingNeedMiB)).toEqual([128, 136, 192, 432]);
  expect([128, 192, 432].map(streamingLimitMiB)).toEqual([192, 288, 648]);
});

test("the pool follows the cores between 20 and 160, and Postgres can always serve it", () => {
  expect([1, 4, 8, 40, 60].map(defaultPoolSize)).toEqual([20, 20, 32, 160, 160]);
  expect(serverConnections(160)).toBe(216);
  expect(largestPool(250)).toBe(187);
  expect(serverConnections(187)).toBeLessThanOrEqual(250);
  expect(serverConnections(188)).toBeGreaterThan(250);
});

test("4 GiB is enough for a small instance with one Sidekiq process", () => {
  const sizing = main("s-2vcpu-4gb", { redisNeed: redisNeed(50) });
  expect(sizing.memory).toEqual([
    { item: "system", mib: 512 },
    { item: "Postgres shared buffers", mib: 512 },
    { item: "Postgres sessions", mib: 370 },
    { item: "Postgres maintenance", mib: 256 },
    { item: "pgbouncer", mib: 16 },
    { item: "Redis", mib: 144 },
    { item: "Redis cache", mib: 160 },
    { item: "web", mib: 640 },
    { item: "streaming", mib: 136 },
    { item: "nginx", mib: 64 },
    { item: "Sidekiq default,push,ingress,mailers,pull,scheduler,fasp", mib: 528 },
    { item: "ffmpeg, tootctl or a backup", mib: 448 },
    { item: "watch", mib: 192 },
  ]);
  expect(totalMiB(sizing.memory)).toBe(3978);
  expect(sizing.problems).toEqual([]);
});

test("a main without the watch has its memory for other things, and the message on one that is too small says so", () => {
  const small = { redisNeed: redisNeed(50), overrides: { watch: false } };
  expect(totalMiB(main("s-2vcpu-4gb", small).memory)).toBe(3786);
  const fuller = { redisNeed: redisNeed(50), sidekiq: [{ ...one, threads: 25 }] };
  const [problem] = main("s-2vcpu-4gb", fuller).problems;
  expect(problem?.message).toMatch(/, or main\.watch: false$/);
  expect(main("s-2vcpu-4gb", { ...fuller, overrides: { watch: false } }).problems).toEqual([]);
  // It would not be enough.
  expect(main("s-2vcpu-4gb", { sidekiq: [one, one, one] }).problems[0]?.message).not.toContain("watch");
});

test("a main droplet with 8 cores and 16 GiB is sized so", () => {
  expect(main("s-8vcpu-16gb", { workerThreads: 40 })).toMatchObject({
    postgres: {
      sharedBuffersMiB: 3584,
      effectiveCacheSizeMiB: 8192,
      maintenanceWorkMemMiB: 512,
      autovacuumWorkMemMiB: 170,
      workMemMiB: 16,
      maxConnections: 100,
      maxWalSizeMiB: 4096,
      maxWorkerProcesses: 8,
      maxParallelWorkers: 4,
      maxParallelWorkersPerGather: 2,
      maxParallelMaintenanceWorkers: 4,
    },
    pgbouncer: { defaultPoolSize: 32, reservePoolSize: 8, maxClientConnections: 150 },
    redis: { maxMemoryMiB: 288 },
    cacheRedis: { maxMemoryMiB: 512 },
    web: { processes: 4, threads: 5, memoryMiB: 3008 },
    streaming: { processes: 1, needMiB: 136, memoryMiB: 204 },
    sidekiq: [{ ...one, limitMiB: 1936 }],
    tools: { memoryMiB: 768 },
    swapMiB: 2048,
    problems: [],
  });
});

test("a second web is planned for upgrades exactly where main has the memory and the connections for it", () => {
  const roomy = main("g-4vcpu-16gb");
  expect(roomy.web.second).toBe(true);
  const [first, second] = roomy.memory.filter(({ item }) => item.includes("web"));
  expect(second).toEqual({ item: "a second web during upgrades", mib: first?.mib });
  const tight = main("s-2vcpu-4gb");
  expect(tight.web.second).toBe(false);
  expect(tight.memory.map(({ item }) => item)).not.toContain("a second web during upgrades");
  const few = main("g-4vcpu-16gb", {
    overrides: { pgbouncer: { maxClientConnections: roomy.connections.clientTotal - 1 } },
  });
  expect([few.web.second, few.problems]).toEqual([false, []]);
});

test("every thread of the fleet counts as a connection, those of workers twice while they are replaced", () => {
  const { connections } = main("s-8vcpu-16gb", { workerThreads: 40 });
  expect(connections.client).toEqual([
    { item: "web", connections: 20 },
    { item: "a second web during upgrades", connections: 20 },
    { item: "streaming", connections: 10 },
    { item: "Sidekiq on main", connections: 10 },
    { item: "Sidekiq on workers", connections: 40 },
    { item: "workers that are being replaced", connections: 40 },
    { item: "tootctl, console, exporter", connections: 10 },
  ]);
  expect(connections).toMatchObject({
    clientTotal: 150,
    clientLimit: 150,
    serverTotal: 56,
    serverLimit: 100,
  });
});

test("replicas count in memory and in connections", () => {
  const sizing = main("s-8vcpu-16gb", { sidekiq: [{ queues: ["push"], threads: 5, replicas: 3 }] });
  expect(sizing.memory.at(-3)).toEqual({ item: "Sidekiq push × 3", mib: 1440 });
  expect(sizing.sidekiq).toEqual([{ queues: ["push"], threads: 5, replicas: 3, limitMiB: 608 }]);
  expect(sizing.connections.client).toContainEqual({ item: "Sidekiq on main", connections: 15 });
});

test("a main droplet that is too small is told the smallest size of its family that fits", () => {
  expect(main("s-2vcpu-4gb", { sidekiq: [one, one, one] }).problems).toEqual([
    {
      key: "main.size",
      message:
        "is s-2vcpu-4gb with 4096 MiB, but what runs there needs 5322 MiB (the largest: web 640, Sidekiq " +
        "default,push,ingress,mailers,pull,scheduler,fasp 528, Sidekiq " +
        "default,push,ingress,mailers,pull,scheduler,fasp 528); write s-4vcpu-8gb (8192 MiB), or fewer Sidekiq " +
        "processes or threads in main.sidekiq",
    },
  ]);
});

test("a size is skipped in the recommendation when its own bigger limits do not fit it", () => {
  const fifteen = { sidekiq: Array.from({ length: 18 }, () => one) };
  // 18 × 528 MiB and 8 GiB's own are 15,122 MiB, but 16 GiB's own are larger, and s- ends there.
  const { memory, problems } = main("s-4vcpu-8gb", fifteen);
  expect(totalMiB(memory)).toBe(15_122);
  expect(problems[0]?.message).toContain("write s-8vcpu-32gb-amd (32768 MiB)");
  expect(main("c-4", fifteen).problems[0]?.message).toContain("write c-16 (32768 MiB)");
});

test.each([
  [10, 1024],
  [20, 2048],
  [110, 11264],
])("of a volume of %i GiB, %i MiB may be WAL that waits for the backup bucket", (volumeGiB, mib) => {
  expect(main("s-4vcpu-8gb", { volumeGiB }).postgres.archiveLimitMiB).toBe(mib);
});

test("without a slug the cheapest size that fits is recommended", () => {
  const { problems } = sizeMain({
    memoryMiB: 2048,
    vcpus: 1,
    sidekiq: [one],
    workerThreads: 0,
    volumeGiB: 50,
    redisNeed: redisNeed(50),
    sockets: 5,
  });
  expect(problems[0]?.message).toContain("is a droplet with 2048 MiB");
  expect(problems[0]?.message).toContain("write s-2vcpu-4gb (4096 MiB)");
});

test("a fleet that no droplet can hold is told to shrink", () => {
  const sidekiq = [{ ...one, replicas: 1000 }];
  expect(main("s-4vcpu-8gb", { sidekiq }).problems[0]?.message).toMatch(
    /; no droplet is large enough; write fewer Sidekiq processes or threads in main\.sidekiq$/,
  );
});

test("every override is taken as it is and counted in the memory", () => {
  const sizing = overridden({
    postgres: {
      sharedBuffersMiB: 1000,
      workMemMiB: 7,
      maintenanceWorkMemMiB: 99,
      effectiveCacheSizeMiB: 3000,
      maxConnections: 120,
    },
    pgbouncer: { defaultPoolSize: 40, maxClientConnections: 500 },
    redis: { maxMemoryMiB: 300 },
    cacheRedis: { maxMemoryMiB: 100 },
    web: { processes: 3, threads: 8 },
    streaming: { memoryMiB: 333 },
  });
  expect(sizing).toMatchObject({
    postgres: {
      sharedBuffersMiB: 1000,
      workMemMiB: 7,
      maintenanceWorkMemMiB: 99,
      autovacuumWorkMemMiB: 33,
      effectiveCacheSizeMiB: 3000,
      maxConnections: 120,
    },
    pgbouncer: { defaultPoolSize: 40, reservePoolSize: 10, maxClientConnections: 500 },
    web: { processes: 3, threads: 8, memoryMiB: 1280 + 1408 },
    problems: [],
  });
  expect(sizing.memory.slice(1, 9).map(({ mib }) => mib)).toEqual([1000, 780, 198, 16, 450, 125, 1280, 1280]);
});

test.each<[string, MainOverrides, string, string]>([
  [
    "fewer client connections than threads",
    { pgbouncer: { maxClientConnections: 39 } },
    "main.pgbouncer.maxClientConnections",
    "is 39, but Mastodon opens up to 40 connections (web 10, streaming 10, Sidekiq on main 10, tootctl, console, " +
      "exporter 10); write at least 40, or leave it out",
  ],
  [
    "more connections to Postgres than it handles well",
    { postgres: { maxConnections: 251 } },
    "main.postgres.maxConnections",
    "is 251, more than Postgres handles well; write at most 250, which pgbouncer shares among all clients",
  ],
  [
    "fewer connections to Postgres than pgbouncer opens",
    { postgres: { maxConnections: 40 } },
    "main.postgres.maxConnections",
    "is 40, but pgbouncer and the direct connections need 56; write at least 56, or leave it out",
  ],
  [
    "a pool that no allowed Postgres can serve",
    { pgbouncer: { defaultPoolSize: 188 } },
    "main.pgbouncer.defaultPoolSize",
    "needs 251 connections to Postgres with the pool's reserve and the direct ones, more than 250; write at most 187, " +
      "or leave it out",
  ],
])("%s is a problem with its remedy", (_, overrides, key, message) => {
  const { problems } = main("s-8vcpu-32gb-amd", { overrides: { web: { processes: 2 }, ...overrides } });
  expect(problems).toEqual([{ key, message }]);
});

test("a worker runs Docker and Sidekiq only, and each replica counts", () => {
  expect(sizeWorker({ ...host("c-2"), sidekiq: [{ queues: ["default"], threads: 5, replicas: 2 }] })).toEqual(
    {
      sidekiq: [{ queues: ["default"], threads: 5, replicas: 2, limitMiB: 1888 }],
      swapMiB: 4096,
      memory: [
        { item: "system", mib: 512 },
        { item: "Sidekiq default × 2", mib: 960 },
        { item: "ffmpeg", mib: 448 },
      ],
      problems: [],
    },
  );
});

test("a worker that is too small is reported where its pool's size is set", () => {
  const sidekiq: SidekiqProcess[] = [{ queues: ["default"], threads: 5, replicas: 8 }];
  expect(sizeWorker({ ...host("c-2"), key: "workers[0]", sidekiq }).problems).toEqual([
    {
      key: "workers[0].size",
      message:
        "is c-2 with 4096 MiB, but what runs there needs 4800 MiB (the largest: Sidekiq default × 8 3840, system " +
        "512, ffmpeg 448); write c-4 (8192 MiB), or fewer Sidekiq processes or threads in workers[0].sidekiq",
    },
  ]);
});

test.each<[string, MainOverrides, string]>([
  [
    "main.postgres.sharedBuffersMiB",
    { postgres: { sharedBuffersMiB: 99_999_999 } },
    "is 99999999, and with it what runs on s-4vcpu-8gb needs 100004609 of 8192 MiB; write at most 3582, or leave it out",
  ],
  ["main.redis.maxMemoryMiB", { redis: { maxMemoryMiB: 6000 }, cacheRedis: { maxMemoryMiB: 100 } }, ""],
])("%s that takes too much is named, with the most that fits", (key, overrides, message) => {
  const { problems } = overridden(overrides);
  expect(problems).toEqual([{ key, message: message || expect.any(String) }]);
  const most = Number(/write at most (\d+)/.exec(problems[0]?.message ?? "")?.[1]);
  const [, service = "", name = ""] = key.split(".");
  const of = (value: number) => overridden({ ...overrides, [service]: { [name]: value } }).problems;
  expect(of(most)).toEqual([]);
  expect(of(most + 1)).not.toEqual([]);
});

test("a Sidekiq process that is given too much is named too", () => {
  const sidekiq: SidekiqProcess[] = [{ queues: ["push"], threads: 5, replicas: 2, memoryMiB: 3000 }];
  expect(sizeWorker({ ...host("c-2"), key: "workers[0]", sidekiq }).problems).toEqual([
    {
      key: "workers[0].sidekiq[0].memoryMiB",
      message:
        "is 3000, and with it what runs on c-2 needs 6512 of 4096 MiB; write at most 1792, leave it out, or write workers[0].size: c-4",
    },
  ]);
});

test("settings that are too much only together are all named", () => {
  const { problems } = overridden({ postgres: { sharedBuffersMiB: 4500 }, redis: { maxMemoryMiB: 4500 } });
  expect(problems.map(({ key }) => key)).toEqual([
    "main.redis.maxMemoryMiB",
    "main.postgres.sharedBuffersMiB",
  ]);
});

test("more cache than the droplet has RAM is refused", () => {
  expect(overridden({ postgres: { effectiveCacheSizeMiB: 8193 } }).problems).toEqual([
    {
      key: "main.postgres.effectiveCacheSizeMiB",
      message: "is 8193, more than the droplet's 8192 MiB; write at most 8192, or leave it out",
    },
  ]);
});
