/** mastodon-restore, with the dump of the first night. */
import type { Beds } from "./bed";

const FILE = "/var/tmp/dump.gpg";
const KEY = "/etc/mastodon-host/secrets/backup-key";

export function restoreTests(bed: Beds): void {
  /** Of the database as it was dumped. */
  let contents = "";
  const restore = (file = FILE) => bed().main.attempt(`mastodon-restore ${file}`);
  const invocation = () => bed().main.run("systemctl show -P InvocationID mastodon.service");
  const states = async () =>
    (await bed().main.run("systemctl is-active mastodon pgbouncer || true")).trim().split("\n");

  beforeAll(async () => {
    contents = await bed().contents();
    await bed().fetch((await bed().dumps())[0]?.key ?? "", FILE);
  });

  describe("a restore that cannot be done leaves database and Mastodon as they are and says why:", () => {
    const unharmed = async (attempt: () => Promise<{ code: number; stderr: string }>, says: string) => {
      const before = await invocation();
      const { code, stderr } = await attempt();
      expect(stderr).toContain(says);
      expect(code).toBeGreaterThan(0);
      expect(await bed().contents()).toBe(contents);
      expect(await bed().databases()).toEqual(["mastodon"]);
      expect(await invocation()).toBe(before);
      expect(await states()).toEqual(["active", "active"]);
    };

    test("another backup key", async () => {
      await bed().main.run(`cp -a ${KEY} /run/key && echo another >${KEY}`);
      await unharmed(restore, "the dump could not be restored; the database in use is as it was");
      await bed().main.run(`cp -a /run/key ${KEY}`);
    });

    test("a file that is cut off", async () => {
      await bed().main.run(`head -c 9000000 ${FILE} >${FILE}.part`);
      await unharmed(
        () => restore(`${FILE}.part`),
        "the dump could not be restored; the database in use is as it was",
      );
    });

    test("a data volume without room for a second database", async () => {
      const full = async () => {
        await bed().main.run(
          "fallocate -l $(($(df --output=avail -B1 /srv/data | tail -n 1) - 20000000)) /srv/data/fill",
        );
        const result = await restore();
        await bed().main.run("rm /srv/data/fill");
        return result;
      };
      await unharmed(full, "make main.volumeGiB larger");
    });
  });

  test("both names change or neither: a second database that is in use stops nothing for good", async () => {
    const session = bed().main.attempt(
      `timeout 60 bash -c "until runuser -u postgres -- psql -qX -d mastodon_restored -c 'SELECT pg_sleep(60)' 2>&1 | grep -q terminat; do sleep 0.2; done"`,
    );
    const { code, stderr } = await restore();
    expect(stderr).toContain('database "mastodon_restored" is being accessed by other users');
    expect(stderr).toContain("mastodon-restore: Mastodon runs");
    expect(code).toBeGreaterThan(0);
    expect(await bed().databases()).toEqual(["mastodon"]);
    expect(await bed().contents()).toBe(contents);
    expect(await states()).toEqual(["active", "active"]);
    await session;
  });

  /** Puma that is told to end while it starts its workers waits for them half a minute. */
  const webIsUp = () =>
    bed().main.waitFor("web", 60, async () => {
      return (await bed().main.attempt("curl -fsS http://127.0.0.1:3000/health")).code === 0;
    });

  test("what a lost volume took is back as it was dumped: rows, sequences, indexes, functions, owners, locale", async () => {
    // As a new main on a new volume begins: an empty database with Mastodon's schema.
    await bed().main.run("systemctl stop pgbouncer");
    await bed().sql("DROP DATABASE mastodon WITH (FORCE)", "postgres");
    await bed().main.run(
      "/usr/local/lib/mastodon-host/steps/55-postgres && systemctl start pgbouncer && systemctl reload mastodon",
    );
    await webIsUp();
    const empty = await bed().contents();
    expect(empty).not.toBe(contents);

    const { result, seen } = await bed().watched(restore);
    expect(result).toMatchObject({
      code: 0,
      stderr: expect.stringContaining("mastodon-restore: restored\n"),
    });
    expect(await bed().contents()).toBe(contents);
    expect(seen).toContain("bin/pg_restore\n");
    // Without statistics every query would be planned blindly; autovacuum's own come later.
    expect(await bed().sql("SELECT relname FROM pg_stat_user_tables WHERE last_analyze IS NULL")).toBe("");

    const [, before = ""] = await bed().databases();
    expect(before).toMatch(/^mastodon_before_\d{14}$/);
    expect(await bed().contents(before)).toBe(empty);
    expect(await states()).toEqual(["active", "active"]);
  });

  test("a Mastodon that does not come back is not passed over in silence", async () => {
    await webIsUp();
    const unit = "/run/systemd/system/mastodon.service.d/broken.conf";
    await bed().main.run(
      `install -D /dev/stdin ${unit} <<<$'[Service]\nExecStartPre=/bin/false' && systemctl daemon-reload`,
    );
    const { code, stderr } = await restore();
    await bed().main.run(`rm ${unit} && systemctl daemon-reload && systemctl start mastodon`);
    expect(stderr).toContain(
      "mastodon-restore: Mastodon is stopped; why: journalctl -u pgbouncer -u mastodon\n",
    );
    expect(code).toBe(1);
  });
}
