/** What main runs, started by its own units from the rendered files, and used as Mastodon, people and the internet use it. */
import { Bed } from "./bed";
import { dockerTests } from "./docker";
import { environmentTests } from "./environment";
import { housekeepingTests } from "./housekeeping";
import { mediaTests } from "./media";
import { pgbouncerTests } from "./pgbouncer";
import { postgresTests } from "./postgres";
import { redisTests } from "./redis";
import { standInTests } from "./standIns";
import { stopTests } from "./stop";
import { streamingTests } from "./streaming";
import { webTests } from "./web";

describe("services", () => {
  let bed: Bed;
  beforeAll(async () => {
    bed = await Bed.create();
  }, 900_000);
  afterAll(() => bed?.remove());

  // In this order: the last of them switches main off and on.
  describe("Postgres", () => postgresTests(() => bed));
  describe("pgbouncer", () => pgbouncerTests(() => bed));
  describe("Redis", () => redisTests(() => bed));
  describe("web", () => webTests(() => bed));
  describe("streaming", () => streamingTests(() => bed));
  describe("stand-ins", () => standInTests(() => bed));
  describe("media", () => mediaTests(() => bed));
  describe("housekeeping", () => housekeepingTests(() => bed));
  describe("environment", () => environmentTests(() => bed));
  describe("Docker", () => dockerTests(() => bed));
  describe("end", () => stopTests(() => bed));
});
