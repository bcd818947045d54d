/** Backups into a bucket that enforces its policies, on good days and on bad ones, and every way back from it. */
import { backupTests } from "./recovery/backups";
import { RecoveryBed } from "./recovery/bed";
import { lostVolumeTests } from "./recovery/lostVolume";
import { outageTests } from "./recovery/outages";
import { pointInTimeTests } from "./recovery/pointInTime";
import { stolenTests } from "./recovery/stolen";

describe("recovery", () => {
  let bed: RecoveryBed;
  beforeAll(async () => {
    bed = await RecoveryBed.create();
  }, 900_000);
  afterAll(() => bed?.remove());

  // In this order: each begins with what the one before has left.
  describe("backups", () => backupTests(() => bed));
  describe("outages", () => outageTests(() => bed));
  describe("to a second", () => pointInTimeTests(() => bed));
  describe("a lost volume", () => lostVolumeTests(() => bed));
  describe("stolen credentials", () => stolenTests(() => bed));
});
