/** To an exact second, in place, and the way back. */
import { type Beds, SERVING } from "./bed";

const RAISE = 1_000_000;
/** Of a sequence, Postgres logs so many values ahead (SEQ_LOG_VALS), and goes on after them. */
const LOGGED_AHEAD = 32;

export function pointInTimeTests(bed: Beds): void {
  let moment = "";
  /** Of the moment, and of later. */
  let before: unknown;
  let sequences: Record<string, number | null> = {};
  let after = "";
  const restore = (what: string) => bed().main.attempt(`mastodon-restore ${what}`, { timeout: 600 });
  const kept = async () =>
    (await bed().main.attempt("test -e /var/lib/postgresql/17/main.before-restore")).code === 0;
  const unchanged = async () => {
    expect(await bed().contents()).toBe(after);
    expect(await bed().states()).toEqual(SERVING);
    expect(await kept()).toBe(false);
  };

  beforeAll(async () => {
    await bed().backup();
    await bed().sql(
      "INSERT INTO statuses (account_id, text) SELECT i, 'before' FROM generate_series(1, 500) i",
    );
    await bed().redis("RPUSH queue:then before");
    before = await bed().rows();
    sequences = await bed().sequences();
    moment = await bed().moment();
    await bed().sql("DELETE FROM statuses WHERE id % 3 = 0");
    await bed().sql("INSERT INTO statuses (account_id, text) VALUES (1, 'after')");
    await bed().redis("RPUSH queue:then after");
    after = await bed().contents();
  });

  describe("what cannot be done, or was not asked for, changes nothing and says why:", () => {
    test.each([
      ["without --yes", () => `time '${moment}'`, /nothing was changed; to do it, add --yes/],
      ["a time to come", () => "time '2099-01-01 00:00:00+00' --yes", /has not come yet/],
      [
        "before the first backup",
        () => "time '2020-01-01 00:00:00+00' --yes",
        /no backup of Postgres 17 is old enough/,
      ],
      ["not a time", () => "time yesterdayish --yes", /'yesterdayish' is no time/],
    ])("%s", async (_, what, says) => {
      const { code, stderr } = await restore(what());
      expect([code, stderr]).toEqual([1, expect.stringMatching(says)]);
      await unchanged();
    });

    test("no room for a second database", async () => {
      await bed().main.run(
        "fallocate -l $(($(df --output=avail -B1 /srv/data | tail -n 1) - 900000000)) /srv/data/fill",
      );
      const { code, stderr } = await restore(`time '${moment}' --yes`);
      await bed().main.run("rm /srv/data/fill");
      expect([code, stderr]).toEqual([1, expect.stringContaining("make main.volumeGiB larger")]);
      await unchanged();
    });

    test("the bucket is away", async () => {
      const { code, stderr } = await bed().away("reject with tcp reset", () =>
        restore(`time '${moment}' --yes`),
      );
      expect([code, stderr]).toEqual([1, expect.stringContaining("the repository cannot be read")]);
      await unchanged();
    });
  });

  /** Begins a restore, and goes on once that is true on main; the end of it comes later. */
  const begun = async (what: string, condition: string) => {
    const ended = restore(`time '${moment}' --yes`).catch(() => ({ code: -1 }));
    await bed().main.waitFor(what, 120, async () => (await bed().main.attempt(condition)).code === 0);
    return { ended };
  };

  test("killed in its middle, it leaves the database and Mastodon as they were", async () => {
    const { ended } = await begun("files to arrive", "test -e /var/lib/postgresql/17/restored/base");
    await bed().main.run("systemctl kill --signal=KILL mastodon-restore");
    expect((await ended).code).toBe(1);
    await bed().main.waitFor("Mastodon", 120, async () => (await bed().states()).join() === SERVING.join());
    await unchanged();
  });

  test("without power in its middle, the machine boots into what there was", async () => {
    const { ended } = await begun("the replay", "pgrep -f 'postgres: .*startup'");
    await bed().main.cut();
    await ended;
    await bed().main.start();
    await bed().main.waitFor("Mastodon", 180, async () => (await bed().states()).join() === SERVING.join());
    await unchanged();
  });

  test("to a second before a DELETE: every row of before, none of after, Redis too; no id is given out twice; the site serves", async () => {
    const { code, stderr } = await restore(`time '${moment}' --redis --yes`);
    console.log(stderr);
    expect([code, stderr]).toEqual([0, expect.stringContaining(`restored to ${moment}`)]);
    expect(await bed().rows()).toEqual(before);
    const raised = await bed().sequences();
    for (const [name, value] of Object.entries(sequences)) {
      const beyond = (raised[name] ?? 0) - (value ?? 1) - RAISE;
      expect([name, beyond >= 0 && beyond <= LOGGED_AHEAD]).toEqual([name, true]);
    }
    expect(await bed().states()).toEqual(SERVING);
    expect(await kept()).toBe(true);
    expect(await bed().redis("EXISTS mastodon-hosting:release")).toBe("1");
    expect(await bed().redis("LRANGE queue:then 0 -1")).toBe("before");
  });

  test("a backup of the restored database follows by itself, and what was given up is said", async () => {
    await bed().backedUp();
    expect(await bed().main.run("mastodon-restore status")).toMatch(
      /^but not from \S+ to \S+: a restore gave it up$/m,
    );
  });

  test("another restore is refused as long as what was there before is kept", async () => {
    const { code, stderr } = await restore(`time '${moment}' --yes`);
    expect([code, stderr]).toEqual([
      1,
      expect.stringContaining("mastodon-restore back, or mastodon-restore confirm"),
    ]);
  });

  test("the way back: first it says what that costs, then everything of after is there, to the last sequence", async () => {
    await bed().sql("INSERT INTO statuses (account_id, text) VALUES (1, 'after the restore')");
    const asked = await restore("back");
    expect([asked.code, asked.stderr]).toEqual([
      1,
      expect.stringMatching(/gives up what was written since the restore: \d+ minutes/),
    ]);
    const { code, stderr } = await restore("back --yes");
    console.log(stderr);
    expect(code).toBe(0);
    await unchanged();
    expect(await bed().redis("LRANGE queue:then 0 -1")).toBe("before\nafter");
  });

  test("after the way back, the moment can still be restored, and everything written since can, too", async () => {
    await bed().backedUp();
    await bed().sql("INSERT INTO statuses (account_id, text) VALUES (1, 'after the way back')");
    const { code } = await restore(`copy '${moment}'`);
    expect(code).toBe(0);
    const copied = (query: string) =>
      bed().main.run(
        `runuser -u postgres -- psql -qtAX -h /var/lib/postgresql/restored-copy -p 5499 mastodon -c "${query}"`,
      );
    expect(await copied("SELECT count(*) FROM statuses WHERE text = 'before'")).toBe("500\n");
    expect(await copied("SELECT count(*) FROM statuses WHERE text ~ '^after'")).toBe("0\n");
    expect(await bed().states()).toEqual(SERVING);
    await bed().main.run("mastodon-restore drop-copy");
    expect((await bed().main.attempt("test -e /var/lib/postgresql/restored-copy")).code).toBe(1);
  });

  test("once it is confirmed, what was there before is gone", async () => {
    expect((await restore("latest --yes")).code).toBe(0);
    expect(await bed().sql("SELECT text FROM statuses WHERE text ~ '^after' ORDER BY text")).toBe(
      "after\nafter the way back",
    );
    await bed().main.run("mastodon-restore confirm");
    expect(await kept()).toBe(false);
    expect((await restore("back --yes")).stderr).toContain("nothing is kept from before a restore");
  });
}
