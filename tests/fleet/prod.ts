/** prod's fleet and situation, as the example has them. */

import type { Fleet } from "../../fleet/model/fleet";
import { fleetOf } from "../../fleet/model/fleet";
import { situationOf } from "../../fleet/situation";
import { settingsSchema } from "../../settings/schema";
import { readExample } from "../../settings/stackFile/examples";

const { config } = readExample("prod");
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
