/** What main runs, started by its own units from the rendered files, and used as Mastodon, people and the internet use it. */
import { Bed } from "./bed";
import { pgbouncerTests } from "./pgbouncer";
import { postgresTests } from "./postgres";
import { redisTests } from "./redis";

describe("services", () => {
  let bed: Bed;
  beforeAll(async () => {
    bed = await Bed.create();
  }, 900_000);
  afterAll(() => bed?.remove());

  // In this order: the last of them leaves main switched off.
  describe("Postgres", () => postgresTests(() => bed));
  describe("pgbouncer", () => pgbouncerTests(() => bed));
  describe("Redis", () => redisTests(() => bed));
});
