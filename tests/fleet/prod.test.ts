/** prod's fleet beside the story's: what it does, and what it costs. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { dropletSize } from "../../catalogue/droplets";
import { evaluate } from "../../fleet/model/evaluate";
import { AT_THE_BUSIEST, STORY_MAIN } from "../../fleet/model/story";
import { prodFleet as prod, prodSituation as situation } from "./prod";

test("prod carries the story's load", () => {
  expect(situation.workload).toEqual(AT_THE_BUSIEST.workload);
  expect(situation.conditions).toEqual(AT_THE_BUSIEST.conditions);
});

test("prod catches up with two hours within one, at the worst time of the day: the story took twenty", () => {
  const { queues } = evaluate(prod, situation);
  expect(situation.outage).toEqual({ hours: 2, hoursBeforeBusiest: 0 });
  expect(situation.catchUpHours).toBe(1);
  expect(Math.max(...queues.map(({ drainHours }) => drainHours ?? Number.POSITIVE_INFINITY))).toBeLessThan(1);
  expect(Math.max(...queues.map(({ utilization }) => utilization))).toBeLessThan(0.3);
});

test("for at most 1.25 times the price of the story's machines, volume included", () => {
  const price = (slug: string) => dropletSize(slug)?.priceMonthly ?? Number.NaN;
  // Six weeks later: the droplet of the story, and two with 2 dedicated vCPUs for Sidekiq.
  const seed = STORY_MAIN.priceMonthly + 2 * price("c-2");
  expect(seed).toBe(180);
  const ours = price("g-4vcpu-16gb") + 2 * price("c-2") + 110 * 0.1;
  expect(evaluate(prod, situation).price.dropletsAndVolumeUsd).toBeCloseTo(ours, 9);
  expect(ours).toBe(221);
  expect(ours / seed).toBeLessThan(1.25);
  const page = readFileSync(join(__dirname, "../../docs/capacity.md"), "utf8");
  expect(page).toContain(`${ours} / ${seed} = ${(ours / seed).toFixed(2)}`);
  expect(page).toContain(
    `$138) prod is ${(ours / 138).toFixed(2)} times the price. A million jobs cost $3.78.`,
  );
});

test("a million jobs cost less than four dollars", () => {
  // 6,000 users × 325 jobs a day × 30 days = 58.5 million, and the scheduler's.
  expect(evaluate(prod, situation).price.perMillionJobsUsd).toBeCloseTo(3.78, 2);
});
