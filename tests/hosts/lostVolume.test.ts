/** A main whose volume is lost, and a bucket that enforces its policies. */
import { RecoveryBed } from "./recovery/bed";
import { lostVolumeTests } from "./recovery/lostVolume";

describe("lost volume", () => {
  let bed: RecoveryBed;
  beforeAll(async () => {
    bed = await RecoveryBed.withBackup();
  }, 900_000);
  afterAll(() => bed?.remove());

  lostVolumeTests(() => bed);
});
