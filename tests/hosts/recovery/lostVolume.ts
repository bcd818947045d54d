/** A main that is born with an empty volume next to a repository that is not empty: it restores or refuses, and never initialises. */
import { type Beds, SERVING } from "./bed";

const REPOSITORY = "/etc/pgbackrest.conf";
const CREDENTIALS = "/etc/mastodon-host/secrets/backup-credentials";
const RAISE = 1_000_000;

export function lostVolumeTests(bed: Beds): void {
  let rows: unknown;
  let sequences: Record<string, number | null> = {};
  /** Another try of the step that makes or restores the database. */
  const step = () => bed().main.attempt("/usr/local/lib/mastodon-host/steps/55-postgres", { timeout: 600 });
  const nothingInitialised = async () => {
    expect(await bed().main.run("xfs_io -c label /srv/data")).toContain('"mastodon-new"');
    expect(await bed().main.run("find /srv/data/postgresql -name PG_VERSION -path '*/main/*'")).toBe("");
    expect((await bed().main.attempt("systemctl is-active postgresql@17-main")).stdout).toBe("inactive\n");
  };
  const during = async <T>(change: string, back: string, what: () => Promise<T>): Promise<T> => {
    await bed().main.run(change);
    try {
      return await what();
    } finally {
      await bed().main.run(back);
    }
  };

  beforeAll(async () => {
    await bed().redis("RPUSH queue:kept one");
    await bed().main.run("systemctl start mastodon-backup-redis");
    await bed().redis("RPUSH queue:kept two");
    await bed().redis("BGREWRITEAOF");
    await bed().main.run("sleep 2");
    await bed().redis("RPUSH queue:kept three");
    await bed().sql(
      "INSERT INTO statuses (account_id, text) VALUES (1, 'the last one before the volume is lost')",
    );
    const lost = Date.now();
    rows = await bed().rows();
    sequences = await bed().sequences();
    const segment = await bed().sql("SELECT pg_walfile_name(pg_switch_wal())");
    await bed().main.waitFor("the last WAL", 90, async () => {
      const query = `SELECT last_archived_wal >= '${segment}' FROM pg_stat_archiver`;
      return (await bed().sql(query)) === "t";
    });
    await bed().until("Redis' last minute", 120, ({ redis }) => Date.parse(redis?.lastSuccess ?? "") > lost);
    // No name of the bucket leads anywhere yet.
    const main = await bed().newMain();
    main.write("/etc/hosts", main.read("/etc/hosts").replace(/^10\.99\.0\.1 /m, "192.0.2.1 "));
    await main.start();
    expect(await main.booted()).toBe("error");
    await main.run("systemctl stop host-apply && systemctl set-environment AWS_MAX_ATTEMPTS=1");
  });

  test("a bucket that does not answer is not an empty one", nothingInitialised);

  test("a key that is refused: nothing is initialised, and what to do is said", async () => {
    await bed().main.run("sed -i 's/^192.0.2.1[[:space:]]/10.99.0.1 /' /etc/hosts");
    const { code, stderr } = await during(
      `cp -a ${CREDENTIALS} /run/kept && sed -i 's/^aws_secret.*/aws_secret_access_key = wrong/' ${CREDENTIALS}`,
      `cp -a /run/kept ${CREDENTIALS}`,
      step,
    );
    expect([code, stderr]).toEqual([
      1,
      expect.stringMatching(
        /whether there are backups is not known, so nothing is initialised: .*SignatureDoesNotMatch.*mastodon-restore empty/,
      ),
    ]);
    await nothingInitialised();
  });

  test("another repositoryKey: nothing is initialised", async () => {
    const { code, stderr } = await during(
      `cp -a ${REPOSITORY} /run/kept && sed -i 's/^repo1-cipher-pass=.*/repo1-cipher-pass=another-passphrase/' ${REPOSITORY}`,
      `cp -a /run/kept ${REPOSITORY}`,
      step,
    );
    expect([code, stderr]).toEqual([1, expect.stringContaining("the repository cannot be read")]);
    await nothingInitialised();
  });

  test("without power in the middle of it, the next boot goes on", async () => {
    await bed().main.run("systemctl start --no-block host-apply");
    await bed().main.waitFor(
      "files to arrive",
      120,
      async () => (await bed().main.attempt("test -e /var/lib/postgresql/17/restored/base")).code === 0,
    );
    await bed().main.cut();
    await bed().main.start();
    await bed().main.waitFor(
      "the apply",
      300,
      async () =>
        (await bed().main.attempt("jq -e '.state == \"ok\"' /var/lib/mastodon-host/status")).code === 0,
    );
    const said = await bed().main.run("journalctl -o cat -u host-apply | grep restore-volume");
    console.log(said);
    expect(said).toContain("restored");
  });

  test("the whole database is back, to the last second that reached the bucket; no id is given out twice", async () => {
    expect(await bed().rows()).toEqual(rows);
    const raised = await bed().sequences();
    for (const [name, value] of Object.entries(sequences))
      expect(raised[name]).toBeGreaterThanOrEqual((value ?? 1) + RAISE);
    expect(await bed().states()).toEqual(SERVING);
  });

  test("Redis has its queues again, to the same minute", async () => {
    expect(await bed().redis("LRANGE queue:kept 0 -1")).toBe("one\ntwo\nthree");
  });

  test("its backups go on where those of before ended", async () => {
    await bed().backedUp();
    expect(await bed().status()).toMatchObject({ ok: true, kind: "diff" });
  });

  test("an empty database next to the backups, because root says so; then its own backups go on, and the old ones stay", async () => {
    const before = (await bed().main.run("mastodon-restore status")).match(/^20.* Postgres 17 .*$/gm) ?? [];
    const main = await bed().newMain();
    main.write("/etc/hosts", main.read("/etc/hosts").replace(/^10\.99\.0\.1 /m, "192.0.2.1 "));
    await main.start();
    expect(await main.booted()).toBe("error");
    await nothingInitialised();
    await main.run("sed -i 's/^192.0.2.1[[:space:]]/10.99.0.1 /' /etc/hosts && mastodon-restore empty");
    await main.waitFor(
      "the apply",
      300,
      async () => (await main.attempt("jq -e '.state == \"ok\"' /var/lib/mastodon-host/status")).code === 0,
    );
    expect(await bed().sql("SELECT count(*) FROM statuses")).toBe("0");
    expect((await main.attempt("test -e /etc/mastodon-host/begin-empty")).code).toBe(1);
    await bed().until("its first backup", 240, ({ ok, kind }) => ok && kind === "full");
    const now = (await main.run("mastodon-restore status")).match(/^20.* Postgres 17 .*$/gm) ?? [];
    expect(now.slice(0, before.length)).toEqual(before);
    expect(now.length).toBeGreaterThan(before.length);
  });

  test("and another new volume restores that one", async () => {
    await bed().sql("INSERT INTO accounts (username) VALUES ('of the second life')");
    const { time } = await bed().backup();
    expect(time).not.toBe("");
    rows = await bed().rows();
    const main = await bed().newMain();
    await main.start();
    expect(await main.booted()).toBe("done");
    expect(await bed().rows()).toEqual(rows);
  });
}
