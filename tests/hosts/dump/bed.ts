/** The one main that the tests of its dumps share: booted from its user data, with a bucket and a database like Mastodon's. */
import type { Result } from "../../../tools/run";
import { BucketBed } from "../bucketBed";

const UNIT = "mastodon-backup-dump";

/** One run of the unit. */
export interface Run {
  /** Of `systemctl start`. */
  code: number;
  journal: string;
  /** Of `mastodon-backup status` afterwards. */
  status: Result;
}

export class DumpBed extends BucketBed {
  static async create(): Promise<DumpBed> {
    const [lab, bucket] = await BucketBed.ground();
    const bed = new DumpBed(lab, bucket, { changes: { backups: { dumps: "daily" } } });
    await (await bed.newMain()).start();
    expect(await bed.main.booted()).toBe("done");
    await bed.afterUp();
    await bed.fill();
    // The rest of what the status asks for.
    await bed.main.run(
      "systemctl stop mastodon-backup-redis.timer && mastodon-backup && mastodon-backup federation && mastodon-backup redis",
    );
    // Once instead of ten times, or each failure would take minutes.
    await bed.main.run("systemctl set-environment AWS_MAX_ATTEMPTS=1");
    return bed;
  }

  dumps = async () => (await this.bucket.objects()).filter(({ key }) => key.startsWith("database/"));

  databases = async (): Promise<string[]> =>
    (await this.sql("SELECT datname FROM pg_database WHERE datname ~ '^mastodon' ORDER BY 1")).split("\n");

  async backup(): Promise<Run> {
    return this.outcome((await this.main.attempt(`systemctl start ${UNIT}`)).code);
  }

  /** A run to which something happens in its middle: while gpg stands still, pg_dump cannot come to its end. */
  async interrupted(what: string): Promise<Run> {
    await this.main.run(
      `systemctl start --no-block ${UNIT}
       nice -n -20 timeout 30 bash -c 'until pkill -STOP -x gpg; do :; done'
       sleep 0.5; caught=; if pgrep -x pg_dump >/dev/null; then caught=1; ${what}; fi; pkill -CONT -x gpg || true
       while [[ $(systemctl show -P ActiveState ${UNIT}) == *activating ]]; do sleep 0.1; done
       [[ -n $caught ]] || { echo "pg_dump had come to its end before gpg stood still" >&2; exit 1; }`,
    );
    return this.outcome((await this.main.attempt(`systemctl is-failed -q ${UNIT}`)).code === 0 ? 1 : 0);
  }

  private async outcome(code: number): Promise<Run> {
    const journal = await this.main.run(
      `journalctl --sync; id=$(systemctl show -P InvocationID ${UNIT})
       journalctl -o cat "_SYSTEMD_INVOCATION_ID=$id" + "INVOCATION_ID=$id"`,
    );
    return { code, journal, status: await this.main.attempt("mastodon-backup status") };
  }

  /** As after the first night, which went well; its report. */
  async forgetFailures(): Promise<{ dump: { lastSuccess: string } }> {
    const report = "/var/lib/mastodon-host/backup-status.json";
    await this.main.run(
      `if [[ ! -e /run/first-report ]]; then cp ${report} /run/first-report; fi
       cp /run/first-report ${report}; systemctl reset-failed ${UNIT}.service`,
    );
    const { code, stdout } = await this.main.attempt("mastodon-backup status");
    expect(code).toBe(0);
    return JSON.parse(stdout);
  }
}

/** The bed, once it is made. */
export type Beds = () => DumpBed;
