/** Backups into a bucket that enforces its policies, on good days and on bad ones. The ways back: restores.test.ts, lostVolume.test.ts. */
import { backupTests } from "./recovery/backups";
import { RecoveryBed } from "./recovery/bed";
import { outageTests } from "./recovery/outages";

describe("recovery", () => {
  let bed: RecoveryBed;
  beforeAll(async () => {
    bed = await RecoveryBed.create();
  }, 900_000);
  afterAll(() => bed?.remove());

  // In this order: each begins with what the one before has left.
  describe("backups", () => backupTests(() => bed));
  describe("outages", () => outageTests(() => bed));
});
