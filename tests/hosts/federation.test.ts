/** The nightly export of the accounts, and a new, empty main that becomes the same instance by it. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { EXPORTED, LEFT_OUT, tablesOf } from "../../services/federationTables";
import { REFERENCES } from "../services/mastodonTables";
import { BucketBed } from "./bucketBed";
import { ROWS, SCHEMA } from "./federation/whole";

const UNIT = "mastodon-backup-federation";
const FILE = "/var/tmp/export.sql.gz.gpg";
const KEY = "/etc/mastodon-host/secrets/backup-key";
const GPG = `gpg --batch --quiet --pinentry-mode loopback --passphrase-file ${KEY}`;
const sql = (name: string) => readFileSync(join(__dirname, "federation", name), "utf8");

class FederationBed extends BucketBed {
  static async create(): Promise<FederationBed> {
    const bed = new FederationBed(...(await BucketBed.ground()), {});
    await (await bed.newMain()).start();
    expect(await bed.main.booted()).toBe("done");
    await bed.afterUp();
    await bed.main.run("systemctl set-environment AWS_MAX_ATTEMPTS=1");
    await bed.addTables("federation/schema.sql");
    await bed.sql(sql("data.sql"));
    return bed;
  }

  exports = async () => (await this.bucket.objects()).filter(({ key }) => key.startsWith("federation/"));

  backup = () =>
    this.main.attempt(
      `systemctl start ${UNIT} || code=$?
       journalctl --sync; journalctl -o cat -u ${UNIT}; exit \${code:-0}`,
    );

  restore = (file = FILE, yes = "--yes") => this.main.attempt(`mastodon-restore federation ${file} ${yes}`);

  /** As a new main on a new volume begins: what `db:prepare` makes. */
  async newDatabase(): Promise<void> {
    await this.main.run("systemctl stop pgbouncer");
    await this.sql("DROP DATABASE mastodon WITH (FORCE)", "postgres");
    await this.main.run(
      "/usr/local/lib/mastodon-host/steps/55-postgres && systemctl start pgbouncer && systemctl reload mastodon",
    );
    await this.webIsUp();
    await this.addTables("federation/schema.sql");
  }

  webIsUp = () =>
    this.main.waitFor("web", 60, async () => {
      return (await this.main.attempt("curl -fsS http://127.0.0.1:3000/health")).code === 0;
    });

  rows = async (table: string, rows = "true", changed = "'{}'"): Promise<unknown> =>
    JSON.parse(
      (await this.sql(
        `SELECT jsonb_agg(to_jsonb(t) || ${changed} ORDER BY to_jsonb(t)::text) FROM ${table} AS t WHERE ${rows}`,
      )) || "null",
    );
}

const without = (column: string, when = "true") =>
  `CASE WHEN ${when} THEN '{"${column}": null}'::jsonb ELSE '{}' END`;

/** Of each table, which rows come back, and what of them is empty then. */
const COMES_BACK: Record<string, [rows?: string, changed?: string]> = {
  accounts: ["domain IS NULL OR id BETWEEN 101 AND 120", without("moved_to_account_id", "id = 101")],
  follows: [],
  follow_requests: [],
  blocks: [],
  mutes: [],
  domain_blocks: [],
  users: ["true", without("created_by_application_id")],
  user_roles: [],
  invites: [],
  webauthn_credentials: [],
  lists: [],
  list_accounts: [],
  account_notes: ["target_account_id = 101"],
  account_aliases: [],
  account_migrations: ["true", without("target_account_id", "account_id = 8")],
  canonical_email_blocks: ["true", without("reference_account_id", "reference_account_id = 502")],
  email_domain_blocks: [],
  settings: [],
  custom_emojis: ["domain IS NULL"],
  custom_emoji_categories: ["true", without("featured_emoji_id", "id = 72")],
  tags: [],
  tag_follows: [],
  featured_tags: ["account_id = 2"],
};
const STAYS_OUT = ["statuses", "notifications", "collections", "oauth_access_tokens", "of_a_plugin"];

describe("federation", () => {
  let bed: FederationBed;
  const expected: Record<string, unknown> = {};
  beforeAll(async () => {
    bed = await FederationBed.create();
    for (const [table, selected] of Object.entries(COMES_BACK))
      expected[table] = await bed.rows(table, ...selected);
  }, 900_000);
  afterAll(() => bed?.remove());

  test("the nightly unit puts an encrypted export into the bucket, with no secret on a command line", async () => {
    const { result, seen } = await bed.watched(() => bed.backup());
    expect(result).toMatchObject({ code: 0, stderr: "" });
    expect(result.stdout).toContain("nobody has said yet whether they belong there: measured, of_a_plugin");
    const objects = await bed.exports();
    expect(objects).toHaveLength(1);
    const [{ key, size } = { key: "", size: 0 }] = objects;
    expect(key).toMatch(/^federation\/\d{4}-\d\d-\d\dT\d{6}Z\.sql\.gz\.gpg$/);
    expect(JSON.parse((await bed.main.attempt("mastodon-backup status")).stdout).federation).toMatchObject({
      ok: true,
      object: key,
      bytes: size,
    });
    for (const part of ["gzip\n", "gpg\n", "bin/aws\n", "--passphrase-file\n"]) expect(seen).toContain(part);
    await bed.fetch(key, FILE);
  });

  test("with all of Mastodon's tables and references, what is exported refers to nothing that is left out", async () => {
    for (const name of ["whole", "restored"]) {
      await bed.sql(`CREATE DATABASE ${name}`, "postgres");
      await bed.sql(SCHEMA, name);
    }
    await bed.sql(`BEGIN; ${ROWS} COMMIT`, "whole");
    const psql = "runuser -u postgres -- psql -qtAX -v ON_ERROR_STOP=1";
    await bed.main.run(
      `${psql} -v raise=0 -v domain=x -v release=x -d whole -f /usr/local/lib/mastodon-host/federation.sql | ${psql} -1 -d restored -f - >/dev/null`,
    );
    const ids = async (table: string) =>
      bed.sql(`SELECT string_agg(id::text, ',' ORDER BY id) FROM ${table}`, "restored");
    expect(await ids("accounts")).toBe("-99,1,2");
    const mastodons = (table: string) => table in REFERENCES;
    for (const table of tablesOf(LEFT_OUT).filter(mastodons))
      expect([table, await ids(table)]).toEqual([table, ""]);
    for (const table of tablesOf(EXPORTED).filter(mastodons)) {
      if (table === "accounts") continue;
      const required = Object.keys(REFERENCES[table] ?? {}).some((column) => column.endsWith("!"));
      // What may not be without the stranger is left out. All else is there, with an empty reference.
      const rows = required && table !== "rule_translations" ? "1,2" : "1,2,3";
      expect([table, await ids(table)]).toEqual([table, table === "follows" ? "1,2,12" : rows]);
    }
  });

  test("main can neither list, read nor delete it", async () => {
    const [{ key } = { key: "" }] = await bed.exports();
    const status = async (method: string, path: string) =>
      (await bed.bucket.request("writer", method, path)).status;
    expect(await status("GET", "?list-type=2&prefix=federation/")).toBe(403);
    expect(await status("GET", key)).toBe(403);
    expect(await status("DELETE", key)).toBe(403);
  });

  test.each([
    [
      "the instance's own key is not where it is expected",
      "UPDATE accounts SET private_key = NULL WHERE id = -99",
      "UPDATE accounts SET private_key = 'a key' WHERE id = -99",
      "the key of account -99 is neither in accounts nor in keypairs: this release keeps keys elsewhere",
    ],
    [
      "there is no table of follows",
      "ALTER TABLE follows RENAME TO f",
      "ALTER TABLE f RENAME TO follows",
      'relation "public.follows" does not exist',
    ],
  ])("nothing is put there if %s, and the status says so", async (_, broken, whole, says) => {
    const before = await bed.exports();
    const key = await bed.sql("SELECT private_key FROM accounts WHERE id = -99");
    await bed.sql(broken);
    const { code, stdout } = await bed.backup();
    await bed.sql(whole.replace("'a key'", `'${key}'`));
    expect(code).toBeGreaterThan(0);
    expect(stdout).toContain(says);
    expect(await bed.exports()).toEqual(before);
    const status = await bed.main.attempt("mastodon-backup status");
    expect(status.stderr).toContain("the last export of the accounts failed or is older than 26 hours");
    expect(JSON.parse(status.stdout).federation).toMatchObject({
      ok: false,
      error: expect.stringContaining(says),
    });
  });

  test("of a release that keeps the keys in another table, that table is in it", async () => {
    await bed.sql(`CREATE TABLE keypairs (id bigserial PRIMARY KEY, account_id bigint NOT NULL REFERENCES accounts ON DELETE CASCADE, private_key varchar);
      INSERT INTO keypairs (account_id, private_key) SELECT id, private_key FROM accounts WHERE domain IS NULL;
      INSERT INTO keypairs (account_id) VALUES (101), (700);
      ALTER TABLE accounts RENAME private_key TO was`);
    expect((await bed.backup()).code).toBe(0);
    const [, { key } = { key: "" }] = await bed.exports();
    await bed.fetch(key, `${FILE}.keypairs`);
    const keypairs = await bed.main.run(
      `${GPG} --decrypt ${FILE}.keypairs | gunzip | sed -n '/^COPY public.keypairs/,/^.\\.$/p' | wc -l`,
    );
    // 20 people, the instance and 101, between the first line and the last.
    expect(Number(keypairs)).toBe(24);
    await bed.sql("ALTER TABLE accounts RENAME was TO private_key; DROP TABLE keypairs");
  });

  /** The export with another text, as its file. */
  const changed = async (script: string): Promise<string> => {
    await bed.main.run(
      `${GPG} --decrypt ${FILE} | gunzip | sed '${script}' | gzip | ${GPG} --symmetric --yes -o ${FILE}.changed`,
    );
    return `${FILE}.changed`;
  };

  describe("what it is not for stays as it is:", () => {
    const unharmed = async (says: string, file = FILE) => {
      const running = "systemctl show -P InvocationID mastodon.service";
      const before = [await bed.contents(), await bed.main.run(running)];
      const { code, stderr } = await bed.restore(file);
      expect(stderr).toContain(says);
      expect(code).toBeGreaterThan(0);
      expect([await bed.contents(), await bed.main.run(running)]).toEqual(before);
    };

    test("an instance that is in use goes on serving", () =>
      unharmed(
        "mastodon-restore: nothing was changed: this instance is in use: it has posts, or more users than its owner\n",
      ));

    test("another instance", async () => {
      const domain = "s/^-- Accounts of [^ ]*/-- Accounts of elsewhere.example/";
      await unharmed("Accounts of elsewhere.example at ", await changed(domain));
      await unharmed("nothing was changed: this is social.example.org\n", await changed(domain));
    });

    test("another backup key", async () => {
      await bed.main.run(`cp -a ${KEY} /run/key && echo another >${KEY}`);
      await unharmed("the export cannot be read");
      await bed.main.run(`cp -a /run/key ${KEY}`);
    });

    test("a file that is something else", async () => {
      await bed.main.run(`${GPG} --symmetric -o ${FILE}.else < <(gzip </dev/null)`);
      await unharmed(`${FILE}.else is no export of accounts`, `${FILE}.else`);
    });

    test("a file that is cut off", async () => {
      await bed.main.run(`head -c -100 ${FILE} >${FILE}.part`);
      await unharmed("the export cannot be read", `${FILE}.part`);
    });

    test("a database of another release, whose name the message has", async () => {
      await bed.newDatabase();
      await bed.sql("INSERT INTO schema_migrations VALUES ('20991231000000')");
      await unharmed(
        "the export is of Mastodon v4.7.3, schema 20260901000000, and this database has another one",
      );
      await bed.sql("DELETE FROM schema_migrations WHERE version = '20991231000000'");
    });

    test("a restore that nobody has agreed to", async () => {
      const before = await bed.contents();
      const { code, stderr } = await bed.restore(FILE, "");
      expect(stderr).toMatch(
        /^mastodon-restore: Accounts of social.example.org at \d{4}-\d\d-\d\d \d\d:\d\d:\d\d\+00: Mastodon v4.7.3, schema 20260901000000\nmastodon-restore: nothing was changed; to restore it, add --yes\n$/,
      );
      expect(code).toBe(1);
      expect(await bed.contents()).toBe(before);
    });
  });

  test.each([
    [
      "a row that refers to nothing",
      "/^COPY public.lists /a 99\\t424242\\tnobody",
      'violates foreign key constraint "lists_account_id_fkey"',
    ],
    [
      "a column that this schema does not have",
      "s/, display_name/, name_on_display/",
      'column "name_on_display" of relation "accounts"',
    ],
  ])(
    "all of it or nothing: with %s, the database is as before, and Mastodon runs",
    async (_, script, says) => {
      const before = await bed.contents();
      const { code, stderr } = await bed.restore(await changed(script));
      expect(stderr).toContain(says);
      expect(stderr).toContain("mastodon-restore: Mastodon runs\n");
      expect(code).toBe(1);
      expect(await bed.contents()).toBe(before);
      await bed.webIsUp();
    },
  );

  test("the empty main becomes the same instance: keys, people, followers and blocks are what they were, row by row", async () => {
    const { result, seen } = await bed.watched(() => bed.restore(`- <${FILE}`));
    expect(result).toMatchObject({ code: 0 });
    expect(result.stderr).toMatch(
      /restored: 21 accounts of this instance, 20 users, 12 follows, 20 accounts elsewhere\n[\s\S]*Mastodon runs\n$/,
    );
    const actual: Record<string, unknown> = {};
    for (const table of Object.keys(COMES_BACK)) actual[table] = await bed.rows(table);
    expect(actual).toEqual(expected);
    for (const table of STAYS_OUT) expect([table, await bed.rows(table)]).toEqual([table, null]);
    expect(await bed.sql("SELECT string_agg(name, ',') FROM oauth_applications")).toBe("Web");
    expect(seen).not.toContain("PRIVATE KEY");
    await bed.webIsUp();
  });

  test("every foreign key holds, checks at once as before, and is the new database's own", async () => {
    expect(await bed.sql("SELECT count(*) FROM pg_constraint WHERE condeferrable OR NOT convalidated")).toBe(
      "0",
    );
    // Adding one follows every reference.
    const count = await bed.sql(`DO $$
      DECLARE c record;
      BEGIN
        FOR c IN SELECT conrelid::regclass AS t, conname, pg_get_constraintdef(oid) AS definition FROM pg_constraint
          WHERE contype = 'f' AND connamespace = 'public'::regnamespace LOOP
          EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I', c.t, c.conname);
          EXECUTE format('ALTER TABLE %s ADD CONSTRAINT %I %s', c.t, c.conname, c.definition);
        END LOOP;
      END $$; SELECT count(*) FROM pg_constraint WHERE contype = 'f'`);
    expect(Number(count)).toBeGreaterThan(30);
  });

  test("no number is given out twice: sequences begin a million after those of then, also of what is gone", async () => {
    const next = (sequence: string) => bed.sql(`SELECT nextval('${sequence}')`).then(Number);
    expect(await next("follows_id_seq")).toBe(1_090_001);
    expect(await next("accounts_id_seq")).toBe(1_004_712);
    expect(await next("statuses_id_seq")).toBeGreaterThan(1_002_000);
    expect(await next("notifications_id_seq")).toBeGreaterThan(1_000_000);
    await bed.sql("INSERT INTO follows (account_id, target_account_id) VALUES (9, 101)");
  });

  test("now it is in use: a second restore is refused", async () => {
    const { code, stderr } = await bed.restore();
    expect(stderr).toContain("this instance is in use");
    expect(code).toBe(1);
  });
});
