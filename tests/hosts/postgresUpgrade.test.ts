/**
 * A living main takes a newer major version of Postgres, under load: from Debian 12's 15 to Debian 13's 17, which are the two that Debian has.
 */
import type { Machine } from "../../lab/machine";
import { mainHost } from "../../machines/hosts";
import { mainInputs } from "../support/mainFixtures";
import { worstSecrets } from "../support/worstSecrets";
import { BackupBucket } from "./backupBucket";
import { checkedOften, ready, receive, sql } from "./boot/ask";
import { Lab, rootWithOlderPostgres, VOLUME_NAME } from "./lab";
import { Traffic } from "./upgrade/traffic";

const [OLD, NEW] = [15, 17] as const;
/** Points at which the machine loses its power; CI cuts it off at one of them. */
const MOMENTS = ["trial", "prepare", "change", "switch", "statistics"];
const CUT_OFF = process.env.UPGRADE_KILLS === "all" ? MOMENTS : ["change"];
/** Mastodon's way to the database. */
const THROUGH_PGBOUNCER =
  "PGPASSWORD=$(cat /etc/mastodon-host/secrets/postgres-password) psql -qX -h 127.0.0.1 -p 6432 -U mastodon -d mastodon";

/** Main works on every queue, because the test has no worker. */
const ALONE = {
  sidekiq: [
    {
      queues: { default: 8, push: 6, ingress: 4, mailers: 2, pull: 1, scheduler: 1, fasp: 1 },
      threads: 5,
      replicas: 1,
    },
  ],
};

describe("Postgres' upgrade", () => {
  let lab: Lab;
  let bucket: BackupBucket;
  let main: Machine;
  let traffic: Traffic;

  const mainOf = (postgresVersion: number, upgrade: Record<string, unknown> = {}) =>
    checkedOften(
      mainHost(mainInputs({ main: ALONE, postgresVersion, upgrade }, { ...worstSecrets, ...bucket.secrets })),
    );

  beforeAll(async () => {
    lab = await Lab.create(undefined, await rootWithOlderPostgres());
    bucket = await BackupBucket.create(lab);
    main = await lab.machine(mainOf(OLD), { bucket: true });
    bucket.knownTo(main);
    await main.attach(await lab.volume({ mib: 8192 }), VOLUME_NAME);
    await main.start();
    await main.booted();
    await ready(main);
    traffic = await Traffic.on(main);
  }, 900_000);
  afterAll(async () => {
    await lab?.remove();
    bucket?.remove();
  });

  /** As `pulumi up` with that version in the stack file. */
  const up = (postgresVersion: number, upgrade = {}) => receive(main, mainOf(postgresVersion, upgrade));
  const backup = () => main.run("systemctl start mastodon-backup");
  /** The repository follows by itself: Postgres' version and the kind of its newest backup. */
  const backedUp = async () => {
    const pending = "test -e /var/lib/postgresql/backup-needed";
    await main.waitFor("a backup", 240, async () => (await main.attempt(pending)).code === 1);
    expect((await main.attempt("mastodon-backup recent")).code).toBe(0);
    const newest = (await main.run("mastodon-restore status")).match(/^20.*$/gm)?.at(-1) ?? "";
    return /Z {2}(\w+) .*(Postgres \d+)/.exec(newest)?.slice(1);
  };
  const version = async () => Number((await sql(main, "SHOW server_version_num")).slice(0, 2));
  const clusters = async () =>
    (await main.run("pg_lsclusters --no-header | awk '{ print $1, $3, $4 }'")).trim().split("\n");
  const history = async () => (await main.run("postgres-upgrade log")).trim().split("\n");
  const now = async () => (await main.run("date +%s")).trim();
  /** Until the upgrade has said that since then. */
  const said = (since: string, text: string) =>
    main.waitFor(text, 300, async () =>
      (await main.attempt(`journalctl -q -o cat -u postgres-upgrade --since @${since}`)).stdout.includes(
        text,
      ),
    );
  /** Writes one number after the other until the power goes, and prints each one that was acknowledged. */
  async function writing() {
    await main.run(`${THROUGH_PGBOUNCER} -c 'DROP TABLE IF EXISTS numbers; CREATE TABLE numbers (n int)'`);
    const ended = main.attempt(
      `n=1; while ${THROUGH_PGBOUNCER} -c "INSERT INTO numbers VALUES ($n)"; do echo $n; n=$((n + 1)); done`,
    );
    return async () => Number((await ended).stdout.trim().split("\n").at(-1));
  }

  test("the check upgrades a copy, says how long clients would wait, and leaves nothing behind", async () => {
    await backup();
    const before = await main.run("find /srv/data/postgresql -maxdepth 2 | sort");
    const { code, stderr } = await main.attempt(`postgres-upgrade check ${NEW}`, { timeout: 300 });
    expect([code, stderr]).toEqual([0, expect.stringMatching(/clients will wait for about [\d.]+ s/)]);
    expect(await main.run("find /srv/data/postgresql -maxdepth 2 | sort")).toBe(before);
    expect(await version()).toBe(OLD);
  });

  test("refused without a backup: everything goes on as before", async () => {
    await main.run("rm /var/lib/mastodon-host/backup-status.json");
    const { code, stderr } = await up(NEW);
    expect(code).not.toBe(0);
    expect(stderr).toContain(
      "stopped at the step gate: no backup is younger than 26 hours; run: systemctl start mastodon-backup. Postgres 15 serves",
    );
  });

  test.each([
    [
      "somebody works in the database directly",
      "runuser -u postgres -- psql -qX -d mastodon -c 'SELECT pg_sleep(500)'",
      /somebody works in the database directly: psql, process \d+, \d+ s\. Postgres 15 serves/,
    ],
    [
      "a transaction does not end",
      `${THROUGH_PGBOUNCER} -c 'BEGIN; SELECT pg_sleep(500)'`,
      /a transaction did not end within 20 s: .*\. Postgres 15 serves/,
    ],
  ])("%s: the attempt ends, and everything goes on as before", async (_, holding, reason) => {
    await backup();
    const load = await traffic.during(async () => {
      const held = main.attempt(holding, { timeout: 510 });
      const refused = await up(NEW);
      await sql(
        main,
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(500)%' AND pid <> pg_backend_pid()",
      );
      await held;
      return refused;
    });
    expect(load.happened.code).not.toBe(0);
    expect(load.happened.stderr).toContain("stopped at the step change: ");
    expect(load.happened.stderr).toMatch(reason);
    await traffic.nothingLost(load);
    expect(await version()).toBe(OLD);
  });

  test("under load: no request fails, no job is lost, whoever listens stays connected, and the prediction holds", async () => {
    await backup();
    const load = await traffic.during(() => up(NEW));
    expect([load.happened.code, load.happened.stderr]).toEqual([
      0,
      expect.stringContaining("The way back, until it is confirmed: postgres-upgrade back"),
    ]);
    await traffic.nothingLost(load);
    expect(load.streams).toBe(1);
    expect(await version()).toBe(NEW);
    expect(await clusters()).toEqual(["15 5433 down", "17 5432 online"]);
    const [line = ""] = await history();
    expect(line).toMatch(
      /15 -> 17 {2}done {2}by this machine {2}clients waited [\d.]+ s, predicted [\d.]+ s/,
    );
    console.log(`${line}; the slowest answer ${load.slowest} s of ${load.answers["200"]}`);
    expect(Number(/waited ([\d.]+) s/.exec(line)?.[1])).toBeLessThanOrEqual(30);
    // Statistics, extensions, checksums and the rest of the configuration came along.
    expect(await sql(main, "SELECT count(*) > 0 FROM pg_stats WHERE schemaname = 'public'")).toBe("t");
    expect(await sql(main, "SHOW data_checksums")).toBe("on");
    expect(await sql(main, "SHOW shared_preload_libraries")).toBe("pg_stat_statements");
    expect(await sql(main, "SELECT count(*) > 0 FROM pg_stat_statements")).toBe("t");
  });

  test("a full backup of the new version follows by itself", async () => {
    expect(await backedUp()).toEqual(["full", `Postgres ${NEW}`]);
  });

  test("another apply changes nothing, the dump is of the new version, and a boot starts it", async () => {
    expect((await up(NEW)).code).toBe(0);
    expect(await history()).toHaveLength(1);
    expect(
      await main.run("runuser -u postgres -- pg_dump --schema-only mastodon | grep 'Dumped from'"),
    ).toContain("version 17.");
    await main.stop();
    await main.start();
    await ready(main);
    expect(await version()).toBe(NEW);
  });

  test("a lower version is refused: it would leave the data behind", async () => {
    const { code, stderr } = await up(OLD);
    expect(code).not.toBe(0);
    expect(stderr).toContain(
      "55-postgres: Postgres 17 serves, and postgresVersion is 15; write 17, or go back by hand first: postgres-upgrade back",
    );
    expect((await up(NEW)).code).toBe(0);
  });

  test("the way back: first it says what that costs, then it is taken within a minute; the next up may try again", async () => {
    // It removes nothing before its days are over.
    await main.run("postgres-upgrade expire");
    const asked = await main.attempt("postgres-upgrade back");
    expect([asked.code, asked.stderr]).toEqual([
      1,
      expect.stringMatching(
        /going back to Postgres 15 gives up what was written since the upgrade: \d+ minutes/,
      ),
    ]);
    expect(await version()).toBe(NEW);
    const load = await traffic.during(() =>
      main.run("SECONDS=0; postgres-upgrade back --yes 2>&1; echo $SECONDS", { timeout: 120 }),
    );
    expect(load.failures).toEqual([]);
    const seconds = Number(load.happened.trim().split("\n").at(-1));
    console.log(`back within ${seconds} s, the slowest answer ${load.slowest} s`);
    expect(seconds).toBeLessThanOrEqual(60);
    expect(await version()).toBe(OLD);
    // By itself, the machine does not upgrade again.
    await main.run("systemctl start host-apply || true");
    expect(await version()).toBe(OLD);
    expect((await up(OLD)).code).toBe(0);
  });

  test("after the way back, the repository is about the old version again, and takes its WAL", async () => {
    expect(await backedUp()).toEqual(["full", `Postgres ${OLD}`]);
    await sql(main, "SELECT pg_switch_wal()");
    await main.waitFor("WAL to arrive", 60, async () =>
      (await main.run("mastodon-backup status || true")).includes('"segments": 0'),
    );
  });

  test.each(CUT_OFF)(
    "without power at the step %s: one cluster serves, with all that was acknowledged",
    async (moment) => {
      await backup();
      const last = await writing();
      const since = await now();
      const started = up(NEW);
      if (moment === "switch")
        await main.waitFor(
          "the switch",
          300,
          async () => (await main.attempt("grep -x auto /etc/postgresql/17/main/start.conf")).code === 0,
        );
      else await said(since, `${moment}: Postgres 15 -> 17`);
      await main.cut();
      await started.catch(() => undefined);
      const acknowledged = await last();
      expect(acknowledged).toBeGreaterThan(0);
      await main.start();
      await main.booted();
      await ready(main);
      expect([OLD, NEW]).toContain(await version());
      expect((await clusters()).filter((line) => line.endsWith("online"))).toHaveLength(1);
      expect(Number(await sql(main, "SELECT max(n) FROM numbers"))).toBeGreaterThanOrEqual(acknowledged);
      // And then it ends on the new version, by the next up or by itself.
      await backup();
      expect((await up(NEW)).code).toBe(0);
      expect(await version()).toBe(NEW);
      await main.run("postgres-upgrade back --yes", { timeout: 120 });
      expect(await version()).toBe(OLD);
    },
  );

  test("after its days the old version's files go, and with them the way back", async () => {
    await backup();
    expect((await up(NEW, { postgresKeepDays: 0 })).code).toBe(0);
    expect(await clusters()).toEqual(["17 5432 online"]);
    expect((await main.attempt("postgres-upgrade back")).stderr).toContain(
      "there is no version to go back to",
    );
  });
});
