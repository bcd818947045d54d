/** More workers for the length of one catch-up. */
import { evaluate } from "../../fleet/model/evaluate";
import type { Fleet } from "../../fleet/model/fleet";
import { burst, burstText } from "../../fleet/proposal/burst";
import { prodFleet as prod, prodSituation as situation } from "./prod";

const drain = (fleet: Fleet) =>
  Math.max(...evaluate(fleet, situation).queues.map(({ drainHours = 99 }) => drainHours));
const withCount = (count: number): Fleet => ({
  ...prod,
  hosts: prod.hosts.map((host, h) => (h === 0 ? host : { ...host, count })),
});

test("prod: as many as each save a minute, for less than a dollar, and back", () => {
  const found = burst(prod, situation);
  if (!found) throw new Error("nothing would help");
  expect(found).toMatchObject({ key: "workers[0].count", size: "c-2", from: 2, to: 2 + found.more });
  expect(found.drainHours).toBe(drain(withCount(found.to)));
  expect(found.otherwiseHours).toBe(drain(prod));
  expect(drain(withCount(found.to - 1)) - found.drainHours).toBeGreaterThanOrEqual(1 / 60);
  expect(found.drainHours - drain(withCount(found.to + 1))).toBeLessThan(1 / 60);
  // A month has 672 hours.
  expect(found.usd).toBeCloseTo((found.more * 42 * found.minutes) / 60 / 672, 9);
  expect(found.usd).toBeLessThan(1);
  expect(burstText(found)).toBe(
    `${found.more} more c-2 for ${found.minutes} minutes cost $0.08 and empty the queues in ${found.minutes - 15} minutes`,
  );
});

test("within a time: the fewest that keep it, or none where main bounds", () => {
  const within = burst(prod, situation, 27 / 60);
  expect(within).toMatchObject({ more: 1 });
  expect(within?.drainHours).toBeLessThanOrEqual(27 / 60);
  expect(burst(prod, situation, 0.1)).toBeUndefined();
  expect(burst({ ...prod, hosts: prod.hosts.slice(0, 1) }, situation)).toBeUndefined();
});
