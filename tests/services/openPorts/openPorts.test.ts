/** The look from outside as both machines get it, against real sockets and doubles of what it asks: open_ports_test.py. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { mainHost, workerHost } from "../../../machines/hosts";
import { fileOf, workerInputs } from "../../support/fixtures";
import { mainBundle, mainInputs } from "../../support/mainFixtures";

const SCRIPT = "/usr/local/lib/mastodon-host/open-ports";

test("knocks at every port of our own addresses, as long as they are ours, and takes nothing unseen for closed", () => {
  const folder = mkdtempSync(join(tmpdir(), "open-ports-"));
  try {
    for (const path of [SCRIPT, "/usr/local/lib/mastodon-host/outside.py"])
      writeFileSync(join(folder, path.slice(path.lastIndexOf("/") + 1)), fileOf(mainBundle(), path).content);
    const { status, stderr } = spawnSync(
      "python3",
      ["-B", "-W", "error", join(__dirname, "open_ports_test.py"), join(folder, "open-ports"), folder],
      { encoding: "utf8" },
    );
    expect([status, stderr]).toEqual([0, expect.stringMatching(/^Ran \d+ tests in .*\n\nOK$/m)]);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("main is meant to show the internet 80 and 443, a worker nothing", () => {
  const meant = (bundle: ReturnType<typeof mainBundle>) =>
    /^Environment="PUBLIC_TCP=(.*?)"/m.exec(
      fileOf(bundle, "/etc/systemd/system/mastodon-open-ports.service").content,
    )?.[1];
  expect([meant(mainBundle()), meant(workerHost(workerInputs()))]).toEqual(["80 443", ""]);
});

test("it comes to main with the first up, and to a worker with user data", () => {
  expect(fileOf(mainBundle(), SCRIPT).late).toBe(true);
  expect(fileOf(workerHost(workerInputs()), SCRIPT).late).toBeUndefined();
});

test("a main without a watch does not look, and what was there before stops", () => {
  const inputs = mainInputs();
  const bundle = mainHost({ ...inputs, sizing: { ...inputs.sizing, watch: false } });
  expect(bundle.files.filter(({ path }) => /open-ports/.test(path)).map(({ path }) => path)).toEqual([
    "/usr/local/lib/mastodon-host/steps/84-open-ports",
  ]);
});
