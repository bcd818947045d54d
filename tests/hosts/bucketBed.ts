/** A main with a backup bucket whose policies hold, and a database like Mastodon's: what tests of dumps and of restores share. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Machine } from "../../lab/machine";
import { TIMESTAMP_ID } from "../../lab/timestampId";
import type { Volume } from "../../lab/volume";
import type { HostBundle } from "../../machines/bundle";
import { mainHost } from "../../machines/hosts";
import { mainInputs } from "../support/mainFixtures";
import { worstSecrets } from "../support/worstSecrets";
import { BackupBucket } from "./backupBucket";
import { broughtByUp, commandLines, Lab, VOLUME_NAME } from "./lab";

/** Everything in a database that a copy of it has to carry, as JSON: rows by their checksum. */
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

/** Backups that cannot wait start by themselves within a minute or two: not while a test counts them. */
const NOTHING_DUE = {
  "/etc/systemd/system/mastodon-backup-due.timer.d/later.conf": {
    content: "[Timer]\nOnActiveSec=\nOnUnitInactiveSec=\nOnActiveSec=1d\n",
  },
};

export interface BedOptions {
  /** Settings that differ. */
  changes?: Record<string, unknown>;
  /** WAL that may wait for the bucket. */
  archiveLimitMiB?: number;
  /** Whether backups that cannot wait start by themselves. */
  due?: boolean;
}

export class BucketBed {
  main!: Machine;
  volume!: Volume;
  private bundle!: HostBundle;

  protected constructor(
    readonly lab: Lab,
    readonly bucket: BackupBucket,
    private readonly options: BedOptions,
  ) {}

  protected static async ground(): Promise<[Lab, BackupBucket]> {
    const lab = await Lab.create();
    return [lab, await BackupBucket.create(lab)];
  }

  /** A new machine with a new volume, before its first boot. The one of before has no power any more. */
  async newMain(): Promise<Machine> {
    await this.main?.cut();
    const inputs = mainInputs(this.options.changes, { ...worstSecrets, ...this.bucket.secrets });
    const { archiveLimitMiB = inputs.sizing.postgres.archiveLimitMiB, due = false } = this.options;
    const sizing = { ...inputs.sizing, postgres: { ...inputs.sizing.postgres, archiveLimitMiB } };
    this.bundle = mainHost({ ...inputs, sizing });
    this.main = await this.lab.machine(this.bundle, {
      bucket: true,
      overlay: { ...commandLines, ...(due ? {} : NOTHING_DUE) },
    });
    this.bucket.knownTo(this.main);
    this.volume = await this.lab.volume({ mib: 3072 });
    await this.main.attach(this.volume, VOLUME_NAME);
    return this.main;
  }

  /** Main gets what the first `pulumi up` brings. Until then it has only its user data. */
  async afterUp(): Promise<void> {
    for (const [path, { content, mode }] of Object.entries(broughtByUp(this.bundle)))
      this.main.write(path, content, mode);
    await this.main.run("systemctl daemon-reload");
  }

  /** Tables and rows of Mastodon's, from an SQL file of tests/hosts that needs its ids. */
  addTables = (file: string): Promise<string> =>
    this.sql(`SET ROLE mastodon; ${TIMESTAMP_ID} ${readFileSync(join(__dirname, file), "utf8")}`);

  /** What Mastodon's own database has. */
  fill = (): Promise<string> => this.addTables("dump/database.sql");

  /** As Postgres' administrator. */
  async sql(text: string, database = "mastodon"): Promise<string> {
    const psql = `runuser -u postgres -- psql -qtAX -v ON_ERROR_STOP=1 -d ${database}`;
    return (await this.main.run(psql, { input: text })).trim();
  }

  contents = (database = "mastodon"): Promise<string> => this.sql(CONTENTS, database);

  /** The result, and the arguments of every process that main ran meanwhile; none of them a secret. */
  async watched<T>(what: () => Promise<T>): Promise<{ result: T; seen: string }> {
    await this.main.run("systemd-run -q --unit=watching -p StandardOutput=file:/run/seen command-lines 0.01");
    const result = await what();
    const seen = await this.main.run("systemctl stop watching && cat /run/seen");
    const { backupKey, repositoryKey, postgresPassword, redisPassword } = worstSecrets;
    for (const secret of [
      backupKey,
      repositoryKey,
      postgresPassword,
      redisPassword,
      this.bucket.secrets.backupSecretAccessKey,
    ])
      expect(seen).not.toContain(secret);
    return { result, seen };
  }

  /** As the runbook has it: by an administrator, elsewhere, and from there to main. */
  async fetch(key: string, file: string): Promise<void> {
    const { status } = await this.bucket.request("administrator", "GET", key, join(this.main.root, file));
    expect(status).toBe(200);
  }

  async remove(): Promise<void> {
    await this.lab.remove();
    this.bucket.remove();
  }
}
