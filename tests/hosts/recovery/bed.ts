/** The mains that the tests of recovery share, one after the other: each has a new volume and the same bucket. */
import { BucketBed } from "../bucketBed";

/** Four segments of WAL. */
export const ARCHIVE_LIMIT_MIB = 64;
export const SEGMENT_MIB = 16;

/** What `mastodon-backup status` prints. */
export interface Status {
  ok: boolean;
  time: string;
  lastSuccess: string;
  kind: "full" | "diff";
  label: string;
  from: string;
  to: string;
  gap: { since: string; segments: number } | null;
  waiting: { segments: number; since: string | null };
  dump?: { ok: boolean };
  federation?: { ok: boolean };
  redis?: { ok: boolean; lastSuccess: string; object?: string };
}

/** How the bucket is away: nothing answers, or it is refused at once. */
type Away = "drop" | "reject with tcp reset";

export class RecoveryBed extends BucketBed {
  static async create(): Promise<RecoveryBed> {
    const [lab, bucket] = await BucketBed.ground();
    const bed = new RecoveryBed(lab, bucket, { archiveLimitMiB: ARCHIVE_LIMIT_MIB, due: true });
    await (await bed.newMain()).start();
    expect(await bed.main.booted()).toBe("done");
    await bed.afterUp();
    await bed.fill();
    return bed;
  }

  /** The first backup, which begins by itself, is done. */
  static async withBackup(): Promise<RecoveryBed> {
    const bed = await RecoveryBed.create();
    await bed.until("the first backup", 300, ({ ok }) => ok);
    return bed;
  }

  async status(): Promise<Status & { code: number; said: string }> {
    const { code, stdout, stderr } = await this.main.attempt("mastodon-backup status");
    return { ...(JSON.parse(stdout || "{}") as Status), code, said: stderr };
  }

  /** Waits until the status is like that. */
  async until(what: string, seconds: number, is: (status: Status) => boolean): Promise<void> {
    await this.main.waitFor(what, seconds, async () => is(await this.status()));
  }

  /** A backup by hand. */
  async backup(): Promise<Status> {
    await this.main.run("systemctl start mastodon-backup");
    return this.status();
  }

  /** Waits for the backup that follows a restore. */
  async backedUp(): Promise<void> {
    const pending = "test -e /var/lib/postgresql/backup-needed";
    await this.main.waitFor("a backup", 240, async () => (await this.main.attempt(pending)).code === 1);
    expect((await this.status()).ok).toBe(true);
  }

  /** Something happens while the bucket is away. */
  async away<T>(how: Away, what: () => Promise<T>): Promise<T> {
    await this.main.run(
      `nft "add table inet away; add chain inet away out { type filter hook output priority 0; }; add rule inet away out tcp dport 443 ${how}"`,
    );
    try {
      return await what();
    } finally {
      await this.main.run("nft destroy table inet away");
    }
  }

  /** The time on main, in whole seconds, after everything that was written until now and before all that follows. */
  async moment(): Promise<string> {
    return (await this.main.run("sleep 1; date -u '+%F %T+00'; sleep 1")).trim();
  }

  /** As many segments of WAL as it takes, each with a row; returns the largest number that waited for the bucket, in MiB. */
  async write(segments: number): Promise<number> {
    const waiting = await this.main.run(
      `for i in $(seq ${segments}); do
         runuser -u postgres -- psql -qtAX -d mastodon -c "INSERT INTO statuses (account_id, text) VALUES (1, 'segment $i')" -c 'SELECT pg_switch_wal()' >/dev/null
         sleep 4
         ls /var/lib/postgresql/17/main/pg_wal/archive_status | grep -c ready || true
       done`,
    );
    return Math.max(...waiting.trim().split("\n").map(Number)) * SEGMENT_MIB;
  }

  /** Everything else than the sequences, which a restore raises. */
  async rows(): Promise<unknown> {
    const { sequences: _, ...rest } = JSON.parse(await this.contents());
    return rest;
  }

  async sequences(): Promise<Record<string, number | null>> {
    return JSON.parse(await this.contents()).sequences;
  }

  redis = async (command: string): Promise<string> =>
    (
      await this.main.run(
        `REDISCLI_AUTH=$(</etc/mastodon-host/secrets/redis-password) redis-cli -e ${command}`,
      )
    ).trim();

  /** Those of main's units that make up the site. */
  states = async (): Promise<string[]> =>
    (await this.main.run("systemctl is-active mastodon pgbouncer postgresql@17-main || true"))
      .trim()
      .split("\n");
}

export const SERVING = ["active", "active", "active"];

/** The bed, once it is made. */
export type Beds = () => RecoveryBed;
