/** Drills: from main under load and a repository in S3 to another machine, over real ssh. */
import { outcomeText } from "../../operations/drill/text";
import { DrillBed } from "./drill/bed";

const CONNECTION_SECONDS = 60;
/** For docs/operations.md: the size of the database whose drill is shown. */
const MIB = Number(process.env.DRILL_MIB ?? 0);

describe("drill", () => {
  let bed: DrillBed;
  beforeAll(async () => {
    bed = await DrillBed.create(MIB);
  }, 1_200_000);
  afterAll(() => bed?.remove());

  /** Each test leaves main as it was: the next drill passes or fails for its own reason. */
  const failing = async (changes: Parameters<DrillBed["drill"]>[0] = {}) => {
    const outcome = await bed.drill(changes);
    expect(outcome.ok).toBe(false);
    expect(await bed.left()).toBe("");
    const { code, stderr } = await bed.status();
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: `mastodon-drill: the last drill failed: ${outcome.problems[0]}\n`,
    });
    return outcome;
  };

  test("before the first one the status fails and says that none has run", async () => {
    expect(await bed.status()).toEqual({
      code: 1,
      stdout: "",
      stderr: "mastodon-drill: no drill has run yet: npm run drill\n",
    });
  });

  test("under load, a whole repository passes, leaves nothing behind, and puts no secret on a command line", async () => {
    // Each commit is in the log for 100 ms before anyone sees it, as on a slow disk.
    await bed.main.run(
      `systemd-run -q --unit=load bash -c 'while :; do runuser -u postgres -- env PGOPTIONS="-c commit_delay=100000 -c commit_siblings=0" psql -qX -d mastodon -c "
         INSERT INTO statuses (account_id, text) SELECT 1 + (random() * 9999)::int, md5(random()::text) FROM generate_series(1, 20);
         INSERT INTO bookmarks SELECT account_id, id FROM statuses WHERE account_id IS NOT NULL ORDER BY id DESC LIMIT 5;
         DELETE FROM bookmarks WHERE ctid IN (SELECT ctid FROM bookmarks LIMIT 3)"; done'`,
    );
    const { result, seen } = await bed.watchedOnBoth(() => bed.drill());
    if (MIB > 0) process.stderr.write(outcomeText("prod", result));
    await bed.main.run("systemctl stop load");
    expect(result).toMatchObject({
      ok: true,
      problems: [],
      on: "drill.example",
      missingSeconds: 0,
      backup: { type: "full", label: expect.stringMatching(/^\d{8}-\d{6}F$/) },
      compared: { checksums: true, amcheck: "--parent-check --heapallindexed --checkunique" },
    });
    // Far more was written than the backup has: it came from the log.
    expect(result.segments).toBeGreaterThan(0);
    expect(result.compared?.tables).toBeGreaterThan(10);
    expect(result.exposedSeconds).toBeLessThanOrEqual(60);
    for (const part of ["pgbackrest\n", "pg_amcheck\n", "pg_checksums\n"]) expect(seen).toContain(part);
    expect(await bed.left()).toBe("");
    const status = await bed.status();
    expect(status.code).toBe(0);
    expect(JSON.parse(status.stdout)).toEqual({ ...result, lastSuccess: result.time });
  });

  test("a result goes stale after 35 days", async () => {
    const report = "/var/lib/mastodon-host/drill-status.json";
    const age = async (hours: number) => {
      await bed.main.run(
        `jq --arg then "$(date -u -d '-${hours} hours' +%FT%TZ)" '.lastSuccess = $then' ${report} >/run/older && cp ${report} /run/newest && cp /run/older ${report}`,
      );
      const { code, stderr } = await bed.status();
      await bed.main.run(`cp /run/newest ${report}`);
      return { code, stderr };
    };
    expect(await age(35 * 24 - 1)).toEqual({ code: 0, stderr: "" });
    expect(await age(35 * 24 + 1)).toEqual({
      code: 1,
      stderr: "mastodon-drill: no drill has passed for 35 days: npm run drill\n",
    });
  });

  test("a wrong key fails, and is called by its name", async () => {
    const { problems } = await failing({ repositoryKey: "not-the-key-of-this-repository" });
    expect(problems).toEqual([
      "the repository does not open with the stack's repositoryKey, and it does with main's",
    ]);
  });

  test("a damaged backup fails, and its file in the bucket is named", async () => {
    await bed.damage(/\/bundle\/1$/);
    const { problems } = await failing();
    expect(problems).toEqual([
      expect.stringMatching(
        /^backup \d{8}-\d{6}F cannot be restored \(in the bucket: invalid checksum '\d{8}-\d{6}F\/bundle\/1'\): ERROR: \[\d+\]: /,
      ),
    ]);
  });

  test("after a whole new backup, as docs/operations.md has it, a drill passes again", async () => {
    await bed.main.run(
      "cd / && runuser -u postgres -- pgbackrest --stanza=mastodon --pg1-path=/var/lib/postgresql/17/main --type=full backup",
    );
    expect(await bed.drill()).toMatchObject({ ok: true, problems: [] });
  });

  test("a table that comes back short fails, and is named with both numbers", async () => {
    const count = await bed.sql("SELECT count(*) FROM bookmarks");
    // In the running database everything is there. But no log, and so no backup, has the rows of such a table.
    await bed.sql("ALTER TABLE bookmarks SET UNLOGGED");
    const { problems } = await failing();
    await bed.sql("ALTER TABLE bookmarks SET LOGGED");
    expect(problems).toEqual([
      `table bookmarks has 0 rows, main had ${Number(count).toLocaleString("en-US")}: it is UNLOGGED on main, so no backup has its rows`,
    ]);
  });

  test("a log with a hole fails, and says how much would have been lost", async () => {
    await bed.sql("INSERT INTO statuses (text) VALUES ('before the hole')");
    await bed.sql("SELECT pg_switch_wal()");
    await bed.main.run("sleep 5");
    await bed.sql("INSERT INTO statuses (text) VALUES ('in the hole')");
    const pgbackrest = "cd / && runuser -u postgres -- pgbackrest --stanza=mastodon";
    const { problems, missingSeconds } = await failing({
      between: `f=$(${pgbackrest} repo-ls --recurse archive/mastodon | grep zst | sort | tail -n 1) && ${pgbackrest} repo-rm archive/mastodon/$f`,
    });
    expect(problems).toEqual([
      expect.stringMatching(
        /^the log in the bucket does not lead to the restore point, and the copy ends \d+ s before it: .*recovery ended before configured recovery target was reached/,
      ),
    ]);
    expect(missingSeconds).toBeGreaterThanOrEqual(5);
    // No drill passes any more until there is a backup after the hole.
    await bed.main.run("systemctl start mastodon-backup");
  });

  test("a machine without room is not filled", async () => {
    await bed.machine.run("mkdir -p /mnt/small && mount -t tmpfs -o size=64m tmpfs /mnt/small");
    const { problems } = await failing({ folder: "/mnt/small" });
    expect(problems).toEqual([
      expect.stringMatching(
        /^there is no room for the copy: \/mnt\/small has room for 0\.1 GB, and the copy may take \d+\.\d GB; --folder names another place$/,
      ),
    ]);
  });

  test("when the connection breaks, the machine removes the copy by itself", async () => {
    const before = await bed.status();
    let cut = false;
    const drill = bed.drill({
      progress: (line) => {
        if (cut || !/replaying/.test(line)) return;
        cut = true;
        for (const pid of bed.connections()) process.kill(pid, "SIGKILL");
      },
    });
    await expect(drill).rejects.toThrow("drill.example: the connection ended (exit code 137)");
    expect(cut).toBe(true);
    await bed.machine.waitFor(
      "no trace of the drill",
      CONNECTION_SECONDS,
      async () => (await bed.left()) === "",
    );
    // It says nothing of the backup.
    expect(await bed.status()).toEqual(before);
  });

  test("in a container a drill passes too, and the container is gone with it", async () => {
    await bed.startDocker();
    expect(await bed.drill({ docker: true })).toMatchObject({ ok: true, problems: [] });
    expect((await bed.status()).code).toBe(0);
    expect(await bed.machine.run("docker ps --all --quiet")).toBe("");
    expect(await bed.left()).toBe("");
  });

  test("a container whose client dies removes itself and the copy", async () => {
    let cut = false;
    const drill = bed.drill({
      docker: true,
      progress: (line) => {
        if (cut || !/replaying/.test(line)) return;
        cut = true;
        for (const pid of bed.connections()) process.kill(pid, "SIGKILL");
      },
    });
    await expect(drill).rejects.toThrow("the connection ended");
    expect(cut).toBe(true);
    await bed.machine.waitFor("no container", CONNECTION_SECONDS, async () => {
      return (await bed.machine.run("docker ps --all --quiet")) === "";
    });
  });
});
