/** Who hears of what goes wrong with a main and its worker, and what each sees of the other's ports. */
import { Watched } from "./watch/bed";
import { goneTests } from "./watch/gone";
import { heardTests } from "./watch/heard";
import { portsTests } from "./watch/ports";

describe("heard", () => {
  let watched: Watched;
  beforeAll(async () => {
    watched = await Watched.create();
  }, 900_000);
  afterAll(() => watched?.remove());

  // In this order: one machine's life.
  describe("ports", () => portsTests(() => watched));
  describe("alarms", () => heardTests(() => watched));
  describe("gone", () => goneTests(() => watched));
});
