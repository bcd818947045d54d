/** prod's fleet and situation, as its stack file has them. */
import { join } from "node:path";
import type { Fleet } from "../../capacity/fleet";
import { fleetOf } from "../../capacity/fleet";
import { settingsSchema } from "../../config";
import { readStackConfig } from "../../plan/stackFile";
import { situationOf } from "../../settings/situation";

const { config } = readStackConfig(join(__dirname, "../.."), "prod");
const { shape } = settingsSchema;
const given = (name: string) => JSON.parse(config[`mastodon-hosting:${name}`] ?? "{}");

const fleet = fleetOf({
  main: shape.main.parse(given("main")),
  workers: shape.workers.parse(given("workers")),
});
if (!fleet) throw new Error("prod has a size that is not in the catalogue");
export const prodFleet: Fleet = fleet;

export const prodSituation = situationOf({
  workload: shape.workload.parse(given("workload")),
  recovery: shape.recovery.parse(given("recovery")),
  assumptions: shape.assumptions.parse(given("assumptions")),
});
