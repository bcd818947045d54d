/** The probe that main gets, without its comments, against doubles of Redis, logs and databases: probe_test.py. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileOf } from "../../support/fixtures";
import { mainBundle } from "../../support/mainFixtures";

test("measures queues, workers, web requests and machines, and what cannot be measured hides nothing else", () => {
  const folder = mkdtempSync(join(tmpdir(), "probe-"));
  try {
    for (const name of ["probe", "facts.py", "outside.py", "work.py", "containers.py"])
      writeFileSync(join(folder, name), fileOf(mainBundle(), `/usr/local/lib/mastodon-host/${name}`).content);
    const { status, stderr } = spawnSync(
      "python3",
      ["-B", "-W", "error", join(__dirname, "probe_test.py"), join(folder, "probe"), folder],
      { encoding: "utf8" },
    );
    expect([status, stderr]).toEqual([0, expect.stringMatching(/^Ran \d\d tests in .*\n\nOK$/m)]);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
