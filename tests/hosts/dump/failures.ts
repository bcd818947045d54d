/** Nights on which something goes wrong: each says so in the exit code, the journal and the status, and costs no earlier dump. */
import type { StoredObject } from "../../../lab/s3/moto";
import type { Beds, DumpBed, Run } from "./bed";

const STATE = "/var/lib/mastodon-host";
const CREDENTIALS = "/etc/mastodon-host/secrets/backup-credentials";

interface Failure {
  name: string;
  /** The run to which it happens. */
  run: (bed: DumpBed) => Promise<Run>;
  /** In the status' `error` and in the journal; null where no report could be written. */
  says: RegExp | null;
  /** Somebody stopped it, as a shutdown does: the unit has not failed, and the status says that there is no dump. */
  stopped?: true;
  /** Whether its dump is complete all the same. */
  arrives?: true;
}

/** A run between two commands. */
const between =
  (before: string, after: string) =>
  async (bed: DumpBed): Promise<Run> => {
    await bed.main.run(before);
    try {
      return await bed.backup();
    } finally {
      await bed.main.run(after);
    }
  };

/** The bucket's name leads to that address. */
const bucketAt = (address: string) =>
  between(
    `cp /etc/hosts /run/kept-hosts && sed -i 's/^10\\.99\\.0\\.1\\b/${address}/' /etc/hosts`,
    "cat /run/kept-hosts >/etc/hosts",
  );

const psql = (statement: string) => `runuser -u postgres -- psql -qX -d mastodon -c '${statement}'`;

const FAILURES: Failure[] = [
  {
    name: "a database without accounts",
    run: between(
      psql("ALTER TABLE accounts RENAME TO others"),
      psql("ALTER TABLE others RENAME TO accounts"),
    ),
    says: /^the dump has no table of accounts$/,
  },
  {
    name: "pg_dump killed in its middle",
    run: (bed) => bed.interrupted("pkill -KILL -x pg_dump"),
    says: /^pg_dump, gpg or the upload stopped$/,
  },
  {
    name: "the unit stopped in its middle",
    run: (bed) => bed.interrupted("systemctl stop mastodon-backup-dump"),
    says: /^interrupted$/,
    stopped: true,
  },
  {
    name: "the script killed in the middle, which leaves no report",
    run: (bed) => bed.interrupted("systemctl kill --kill-whom=main --signal=KILL mastodon-backup-dump"),
    says: null,
  },
  {
    name: "a full disk for the report",
    run: between(
      `cp -a ${STATE} /run/kept-state && mount -t tmpfs -o size=256k tmpfs ${STATE} && cp -a /run/kept-state/. ${STATE} &&
       ! dd if=/dev/zero of=${STATE}/fill bs=1k 2>/dev/null`,
      `umount ${STATE} && rm -r /run/kept-state`,
    ),
    says: null,
    arrives: true,
  },
  {
    name: "a full /tmp",
    run: between(
      "mount -t tmpfs -o size=64k tmpfs /tmp && ! dd if=/dev/zero of=/tmp/fill bs=1k 2>/dev/null",
      "umount /tmp",
    ),
    says: /^pg_dump, gpg or the upload stopped$/,
  },
  {
    name: "no place for temporary files",
    run: between("mount -t tmpfs -o nr_inodes=1 tmpfs /tmp", "umount /tmp"),
    says: /^no room for temporary files$/,
  },
  {
    name: "Postgres down",
    run: between("systemctl stop postgresql@17-main", "systemctl start postgresql@17-main"),
    says: /^Postgres does not answer$/,
  },
  {
    name: "a secret access key that S3 refuses",
    run: between(
      `cp -a ${CREDENTIALS} /run/kept-credentials && sed -i 's/^aws_secret.*/aws_secret_access_key = wrong/' ${CREDENTIALS}`,
      `cp -a /run/kept-credentials ${CREDENTIALS}`,
    ),
    says: /stopped: upload failed: .*SignatureDoesNotMatch/,
  },
  {
    name: "a bucket that refuses connections",
    run: bucketAt("fd99::1"),
    says: /stopped: upload failed: .*Could not connect to the endpoint URL/,
  },
  {
    name: "a bucket behind a black hole",
    run: bucketAt("192.0.2.1"),
    says: /stopped: upload failed: .*Connect timeout on endpoint URL/,
  },
];

export function failureTests(bed: Beds): void {
  describe("says so and leaves the last good dump:", () => {
    let objects: StoredObject[];
    beforeAll(async () => {
      objects = await bed().dumps();
    });

    test.each(FAILURES)("$name", async ({ run, says, stopped, arrives }) => {
      const { lastSuccess } = (await bed().forgetFailures()).dump;
      const { code, journal, status } = await run(bed());
      expect(code > 0).toBe(!stopped);
      expect(journal.includes("mastodon-backup-dump.service: Failed with result")).toBe(!stopped);
      expect(status).toMatchObject({
        code: 1,
        stderr: expect.stringMatching(
          /^mastodon-backup: .*the last (dump|run of mastodon-backup-dump) failed/,
        ),
      });
      const { dump: report } = JSON.parse(status.stdout);
      expect(report).toMatchObject({ ok: says === null, lastSuccess });
      if (says) expect(report.error).toMatch(says);
      const before = objects;
      objects = await bed().dumps();
      expect(objects).toEqual(arrives ? [...before, expect.anything()] : before);
    });
  });
}
