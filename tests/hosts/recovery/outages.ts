/** The bucket is away, or refuses: the database goes on, its volume does not fill, and the gap is known and closed. */
import { BUCKET, WRITER_POLICY } from "../backupBucket";
import { ARCHIVE_LIMIT_MIB, type Beds, SEGMENT_MIB } from "./bed";

/** What main may do, but for one segment of WAL. */
const refusing = (segment: string) => {
  const policy = JSON.parse(WRITER_POLICY);
  return JSON.stringify({
    ...policy,
    Statement: [
      ...policy.Statement,
      { Effect: "Deny", Action: "s3:PutObject", Resource: `arn:aws:s3:::${BUCKET}/*/${segment}*` },
    ],
  });
};

export function outageTests(bed: Beds): void {
  /** How many gaps were closed until now. */
  const closed = async () =>
    Number(await bed().main.run("cat /var/lib/postgresql/archive-lost 2>/dev/null | wc -l"));
  /** On a busy machine the backup ends before a test sees the gap: what it cost is on record. */
  const closesByItself = async (before: number) => {
    await bed().main.waitFor("another backup, by itself", 150, async () => (await closed()) > before);
    await bed().until("no gap", 150, (status) => status.ok && status.gap === null);
  };

  test("while the bucket is away, writes go on; the status says so within two minutes; all of it arrives afterwards", async () => {
    await bed().away("drop", async () => {
      await bed().write(2);
      await bed().main.waitFor("the status to say so", 120, async () => {
        const { code, said } = await bed().status();
        return code === 1 && said.includes("WAL has been waiting for the bucket since ");
      });
      const { code, stderr } = await bed().main.attempt("mastodon-backup check");
      expect([code > 0, stderr]).toEqual([true, expect.stringContaining("Connect timeout")]);
    });
    await bed().until("what waited", 120, ({ waiting, gap }) => waiting.segments === 0 && gap === null);
    expect(await bed().main.attempt("mastodon-backup check")).toMatchObject({
      code: 0,
      stderr: expect.stringContaining("the bucket takes WAL"),
    });
  });

  test("Postgres stops and starts within half a minute while nothing answers", async () => {
    const seconds = await bed().away("drop", async () => {
      await bed().write(1);
      return Number(await bed().main.run("SECONDS=0; systemctl restart postgresql@17-main; echo $SECONDS"));
    });
    console.log(`restarted within ${seconds} s`);
    expect(seconds).toBeLessThanOrEqual(30);
  });

  test("at the limit WAL is given up: the volume does not fill, the gap is known, and a new backup closes it by itself", async () => {
    const before = await closed();
    const status = await bed().away("drop", async () => {
      expect(await bed().write(12)).toBeLessThanOrEqual(ARCHIVE_LIMIT_MIB + SEGMENT_MIB);
      return bed().status();
    });
    expect(status.gap?.segments).toBeGreaterThan(0);
    expect(status).toMatchObject({
      code: 1,
      said: expect.stringContaining("was given up, because the bucket was away for too long"),
    });
    expect(await bed().sql("SELECT count(*) > 0 FROM statuses WHERE text = 'segment 12'")).toBe("t");
    await closesByItself(before);
    // What lies in the gap stays lost, and the tool knows it.
    const since = status.gap?.since ?? "";
    const lost = new Date(Date.parse(since) + 1000).toISOString().replace("T", " ").slice(0, 19);
    expect(await bed().main.attempt(`mastodon-restore time '${lost}+00' --yes`)).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/nothing can be restored: the bucket was away for too long/),
    });
  });

  test("one segment is refused while others would pass: it is given up at the limit, the others arrive, and a backup closes the gap", async () => {
    await bed().until("quiet", 120, ({ waiting }) => waiting.segments === 0);
    const before = await closed();
    // Not the current one, which may be closed and sent at any moment.
    const segment = await bed().sql("SELECT pg_walfile_name(pg_current_wal_lsn() + 16777216)");
    bed().bucket.allowMain(refusing(segment));
    try {
      expect(await bed().write(8)).toBeLessThanOrEqual(ARCHIVE_LIMIT_MIB + SEGMENT_MIB);
      await closesByItself(before);
    } finally {
      bed().bucket.allowMain(WRITER_POLICY);
    }
    const archived = (await bed().bucket.objects()).map(({ key }) => key);
    expect(archived.filter((key) => key.includes(segment))).toEqual([]);
  });
}
