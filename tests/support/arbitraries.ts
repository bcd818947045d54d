/** Fleets of any shape, for properties. */
import fc from "fast-check";
import type { DropletSize } from "../../catalogue/droplets";
import { QUEUE_NAMES, type QueueName, type SidekiqProcess } from "../../catalogue/queues";
import { type FleetHost, mainHost, poolHost } from "../../fleet/model/fleet";
import { sized } from "./fleets";

export const queues = fc.oneof(
  fc.shuffledSubarray(QUEUE_NAMES, { minLength: 1 }),
  fc
    .shuffledSubarray(QUEUE_NAMES, { minLength: 1 })
    .chain((names) =>
      fc
        .array(fc.integer({ min: 1, max: 10 }), { minLength: names.length, maxLength: names.length })
        .map((weights) => Object.fromEntries(names.map((name, i) => [name, weights[i]]))),
    ),
) as fc.Arbitrary<readonly QueueName[] | Partial<Record<QueueName, number>>>;

export const process: fc.Arbitrary<SidekiqProcess> = fc.record({
  queues,
  threads: fc.integer({ min: 1, max: 25 }),
  replicas: fc.integer({ min: 1, max: 3 }),
});

/** So that nothing is without a consumer. */
const forAll: SidekiqProcess = { queues: QUEUE_NAMES, threads: 5, replicas: 1 };

const size: fc.Arbitrary<DropletSize> = fc.constantFrom(
  ...["s-2vcpu-4gb", "s-4vcpu-8gb", "c-2", "c-4", "c-8", "g-4vcpu-16gb", "g-16vcpu-64gb"].map(sized),
);

export type Hosts = [FleetHost, ...FleetHost[]];

export const hosts: fc.Arbitrary<Hosts> = fc
  .record({
    main: fc.record({ size, sidekiq: fc.array(process, { maxLength: 3 }) }),
    pools: fc.array(
      fc.record({
        size,
        sidekiq: fc.array(process, { maxLength: 3 }),
        count: fc.integer({ min: 1, max: 3 }),
      }),
      { maxLength: 3 },
    ),
  })
  .map(({ main, pools }) => [
    mainHost(main.size, [forAll, ...main.sidekiq]),
    ...pools.map((pool, i) => poolHost(i, { name: `pool${i}`, ...pool })),
  ]);

/** Users, from idle to far too many for most of those fleets. */
export const activeUsers = fc.integer({ min: 10, max: 20_000 });
