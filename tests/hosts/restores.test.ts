/** Ways back from a bucket that enforces its policies. After a lost volume: lostVolume.test.ts. */
import { RecoveryBed } from "./recovery/bed";
import { pointInTimeTests } from "./recovery/pointInTime";
import { redisTests } from "./recovery/redis";

describe("restores", () => {
  let bed: RecoveryBed;
  beforeAll(async () => {
    bed = await RecoveryBed.withBackup();
  }, 900_000);
  afterAll(() => bed?.remove());

  describe("to a second", () => pointInTimeTests(() => bed));
  describe("Redis", () => redisTests(() => bed));
});
