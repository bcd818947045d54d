/** What main runs dies, hangs, or restarts on purpose: it is back by itself, and neither a post nor a job is lost. */
import { Bed } from "./bed";
import { comesBackTests } from "./comesBack";
import { containerTests } from "./containers";
import { restartTests } from "./restarts";

describe("services, disturbed", () => {
  let bed: Bed;
  beforeAll(async () => {
    bed = await Bed.create();
  }, 900_000);
  afterAll(() => bed?.remove());

  describe("comes back", () => comesBackTests(() => bed));
  describe("containers", () => containerTests(() => bed));
  describe("restarts", () => restartTests(() => bed));
});
