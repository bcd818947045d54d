/** What an intruder on main can do to the backups, and the way back from it. */
import { RecoveryBed } from "./recovery/bed";
import { stolenTests } from "./recovery/stolen";

describe("stolen", () => {
  let bed: RecoveryBed;
  beforeAll(async () => {
    bed = await RecoveryBed.withBackup();
  }, 900_000);
  afterAll(() => bed?.remove());

  describe("credentials", () => stolenTests(() => bed));
});
