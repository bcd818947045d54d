/** The one main that the tests of its dumps share: booted from its user data, with a bucket and a database like Mastodon's. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { backupWriterPolicy } from "../../../components/bucketRules";
import { Authority } from "../../../lab/authority";
import type { Machine } from "../../../lab/machine";
import { S3 } from "../../../lab/s3/networkS3";
import { mainHost } from "../../../machines/hosts";
import type { Result } from "../../../tools/run";
import { mainInputs } from "../../support/mainFixtures";
import { worstSecrets } from "../../support/worstSecrets";
import { commandLines, Lab, VOLUME_NAME } from "../lab";

const { names, settings } = mainInputs();
export const BUCKET = names.backupBucket;
const ADMINISTRATOR = JSON.stringify({
  Version: "2012-10-17",
  Statement: [{ Effect: "Allow", Action: "s3:*", Resource: "*" }],
});

type User = "writer" | "administrator";

/** One run of the nightly unit. */
export interface Run {
  /** Of `systemctl start`. */
  code: number;
  journal: string;
  /** Of `mastodon-backup status` afterwards. */
  status: Result;
}

/** Everything in a database that a dump has to carry, as JSON: rows by their checksum. */
const CONTENTS = `SELECT jsonb_pretty(jsonb_build_object(
  'database', (SELECT jsonb_build_array(datdba::regrole, pg_encoding_to_char(encoding), datlocprovider, datlocale)
    FROM pg_database WHERE datname = current_database()),
  'tables', (SELECT jsonb_object_agg(relname, (xpath('/row/x/text()', query_to_xml(format(
      'SELECT count(*) || '' '' || coalesce(md5(string_agg(t::text, chr(10) ORDER BY t::text COLLATE "C")), '''') AS x FROM %s t',
      oid::regclass), false, true, '')))[1]::text)
    FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'm')),
  'owners', (SELECT jsonb_object_agg(relname, relowner::regrole)
    FROM pg_class WHERE relnamespace = 'public'::regnamespace),
  'columns', (SELECT jsonb_object_agg(table_name || '.' || column_name, jsonb_build_array(data_type, column_default, is_nullable))
    FROM information_schema.columns WHERE table_schema = 'public'),
  'sequences', (SELECT jsonb_object_agg(sequencename, last_value) FROM pg_sequences),
  'indexes', (SELECT jsonb_object_agg(indexname, indexdef) FROM pg_indexes WHERE schemaname = 'public'),
  'constraints', (SELECT jsonb_object_agg(conname, pg_get_constraintdef(oid)) FROM pg_constraint
    WHERE connamespace = 'public'::regnamespace),
  'functions', (SELECT jsonb_agg(pg_get_functiondef(oid)) FROM pg_proc
    WHERE pronamespace = 'public'::regnamespace AND prolang <> (SELECT oid FROM pg_language WHERE lanname = 'c')),
  'extensions', (SELECT jsonb_agg(extname ORDER BY extname) FROM pg_extension)))`;

export class DumpBed {
  private constructor(
    private readonly lab: Lab,
    readonly s3: S3<User>,
    readonly main: Machine,
  ) {}

  static async create(): Promise<DumpBed> {
    const lab = await Lab.create();
    const authority = await Authority.create(join(lab.folder, "authority"));
    const s3 = await S3.start({
      network: lab.network,
      authority,
      folder: lab.folder,
      region: settings.aws.region,
      buckets: [BUCKET],
      users: { writer: backupWriterPolicy(`arn:aws:s3:::${BUCKET}`), administrator: ADMINISTRATOR },
    });
    const { id, secret } = s3.keys.writer;
    const keys = { backupAccessKeyId: id, backupSecretAccessKey: secret };
    const main = await lab.machine(mainHost(mainInputs({}, { ...worstSecrets, ...keys })), {
      overlay: commandLines,
    });
    authority.trustedBy(main);
    s3.knownTo(main);
    const bed = new DumpBed(lab, s3, main);
    await main.start();
    await main.attach(await lab.volume(), VOLUME_NAME);
    expect(await main.booted()).toBe("done");
    await bed.sql(readFileSync(join(__dirname, "database.sql"), "utf8"));
    // Once instead of ten times, or each failure would take minutes.
    await main.run("systemctl set-environment AWS_MAX_ATTEMPTS=1");
    return bed;
  }

  /** As Postgres' administrator. */
  async sql(text: string, database = "mastodon"): Promise<string> {
    const psql = `runuser -u postgres -- psql -qtAX -v ON_ERROR_STOP=1 -d ${database}`;
    return (await this.main.run(psql, { input: text })).trim();
  }

  contents = (database = "mastodon"): Promise<string> => this.sql(CONTENTS, database);

  databases = async (): Promise<string[]> =>
    (await this.sql("SELECT datname FROM pg_database WHERE datname ~ '^mastodon' ORDER BY 1")).split("\n");

  async backup(): Promise<Run> {
    return this.outcome((await this.main.attempt("systemctl start mastodon-backup")).code);
  }

  /** A run to which something happens in its middle: while gpg stands still, pg_dump cannot come to its end. */
  async interrupted(what: string): Promise<Run> {
    await this.main.run(
      `systemctl start --no-block mastodon-backup
       nice -n -20 timeout 30 bash -c 'until pkill -STOP -x gpg; do :; done'
       sleep 0.5; caught=; if pgrep -x pg_dump >/dev/null; then caught=1; ${what}; fi; pkill -CONT -x gpg || true
       while [[ $(systemctl show -P ActiveState mastodon-backup) == *activating ]]; do sleep 0.1; done
       [[ -n $caught ]] || { echo "pg_dump had come to its end before gpg stood still" >&2; exit 1; }`,
    );
    return this.outcome(
      (await this.main.attempt("systemctl is-failed -q mastodon-backup")).code === 0 ? 1 : 0,
    );
  }

  private async outcome(code: number): Promise<Run> {
    const journal = await this.main.run(
      `journalctl --sync; id=$(systemctl show -P InvocationID mastodon-backup)
       journalctl -o cat "_SYSTEMD_INVOCATION_ID=$id" + "INVOCATION_ID=$id"`,
    );
    return { code, journal, status: await this.main.attempt("mastodon-backup status") };
  }

  /** As after the first night, which went well; its report. */
  async forgetFailures(): Promise<{ lastSuccess: string }> {
    const report = "/var/lib/mastodon-host/backup-status.json";
    await this.main.run(
      `if [[ ! -e /run/first-report ]]; then cp ${report} /run/first-report; fi
       cp /run/first-report ${report}; systemctl reset-failed mastodon-backup.service`,
    );
    const { code, stdout } = await this.main.attempt("mastodon-backup status");
    expect(code).toBe(0);
    return JSON.parse(stdout);
  }

  objects = () => this.s3.objects("administrator", BUCKET);

  /** As the runbook has it: by an administrator, elsewhere, and from there to main. */
  async fetch(key: string, file: string): Promise<void> {
    const { status } = await this.s3.request("administrator", "GET", BUCKET, key, join(this.main.root, file));
    expect(status).toBe(200);
  }

  /** The result, and the arguments of every process that main ran meanwhile; none of them a secret. */
  async watched<T>(what: () => Promise<T>): Promise<{ result: T; seen: string }> {
    await this.main.run("systemd-run -q --unit=watching -p StandardOutput=file:/run/seen command-lines 0.01");
    const result = await what();
    const seen = await this.main.run("systemctl stop watching && cat /run/seen");
    const { backupKey, postgresPassword, redisPassword } = worstSecrets;
    for (const secret of [backupKey, postgresPassword, redisPassword, this.s3.keys.writer.secret])
      expect(seen).not.toContain(secret);
    return { result, seen };
  }

  async remove(): Promise<void> {
    await this.lab.remove();
    this.s3.remove();
  }
}

/** The bed, once it is made. */
export type Beds = () => DumpBed;
