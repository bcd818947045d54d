/** The nightly dump, from main's database to an S3 that enforces its policies, and back. */
import { backupTests } from "./dump/backup";
import { DumpBed } from "./dump/bed";
import { failureTests } from "./dump/failures";
import { restoreTests } from "./dump/restore";

describe("dump", () => {
  let bed: DumpBed;
  beforeAll(async () => {
    bed = await DumpBed.create();
  }, 900_000);
  afterAll(() => bed?.remove());

  // In this order: what the first makes, the others must not lose.
  backupTests(() => bed);
  failureTests(() => bed);
  restoreTests(() => bed);
});
