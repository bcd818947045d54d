/** prod's fleet beside the story's: what it does, and what it costs. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { dropletSize } from "../../catalogue/droplets";
import { evaluate } from "../../fleet/model/evaluate";
import type { Fleet } from "../../fleet/model/fleet";
import { STORY_MAIN, STORY_TODAY } from "../../fleet/model/story";
import { CONDITIONS } from "../support/fleets";
import { prodFleet as prod, prodSituation as situation } from "./prod";

const drain = (fleet: Fleet, asked = situation) =>
  Math.max(...evaluate(fleet, asked).queues.map(({ drainHours }) => drainHours ?? Number.POSITIVE_INFINITY));

test("prod carries the story's people, with what the model assumes where nothing is set", () => {
  expect(situation.workload).toEqual(STORY_TODAY.workload);
  expect(situation.conditions).toEqual({ ...CONDITIONS, signatures: {} });
});

test("prod catches up with two hours within half an hour, at the worst time of the day: the story took twenty", () => {
  expect(situation.outage).toEqual({ hours: 2, hoursBeforeBusiest: 0 });
  expect(situation.catchUpHours).toBe(0.5);
  expect(drain(prod)).toBeLessThan(0.5);
  const { queues } = evaluate(prod, situation);
  expect(Math.max(...queues.map(({ utilization }) => utilization))).toBeLessThan(0.3);
});

test("on machines that cost what the story's did", () => {
  const price = (slug: string) => dropletSize(slug)?.priceMonthly ?? Number.NaN;
  // Six weeks later: the droplet of the story, and two with 2 dedicated vCPUs for Sidekiq.
  const story = STORY_MAIN.priceMonthly + 2 * price("c-2");
  const machines = price("s-8vcpu-16gb") + 2 * price("c-2");
  expect([story, machines]).toEqual([180, 180]);
  // The story's database was on the droplet's own disk.
  const ours = machines + 120 * 0.1;
  expect(evaluate(prod, situation).price.dropletsAndVolumeUsd).toBeCloseTo(ours, 9);
  const page = readFileSync(join(__dirname, "../../docs/capacity.md"), "utf8");
  expect(page).toContain(`| prod | s-8vcpu-16gb ($96), 2 × c-2 ($84) | ${machines} |`);
  expect(page).toContain(`A volume of 120 GiB makes it $${ours}.`);
  expect(page).toContain(
    `A million jobs cost $${evaluate(prod, situation).price.perMillionJobsUsd.toFixed(2)}.`,
  );
});
