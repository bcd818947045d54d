/** Every way back from a bucket that enforces its policies. */
import { RecoveryBed } from "./recovery/bed";
import { lostVolumeTests } from "./recovery/lostVolume";
import { pointInTimeTests } from "./recovery/pointInTime";
import { stolenTests } from "./recovery/stolen";

describe("restores", () => {
  let bed: RecoveryBed;
  beforeAll(async () => {
    bed = await RecoveryBed.create();
    await bed.until("the first backup", 300, ({ ok }) => ok);
  }, 900_000);
  afterAll(() => bed?.remove());

  // In this order: each begins with what the one before has left.
  describe("to a second", () => pointInTimeTests(() => bed));
  describe("a lost volume", () => lostVolumeTests(() => bed));
  describe("stolen credentials", () => stolenTests(() => bed));
});
