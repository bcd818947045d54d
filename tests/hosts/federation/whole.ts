/** All of Mastodon's tables with their references to each other, and rows that use every one of them. */
import { REFERENCES } from "../../services/mastodonTables";

/** What federation.sql asks for besides. */
const COLUMNS: Readonly<Record<string, string>> = {
  accounts: "domain varchar, private_key varchar, silenced_at timestamp, suspended_at timestamp",
  custom_emojis: "domain varchar",
  domain_blocks: "domain varchar",
  keypairs: "private_key varchar",
};

const each = <T>(what: (table: string, column: string, target: string, required: boolean) => T): T[] =>
  Object.entries(REFERENCES).flatMap(([table, references]) =>
    Object.entries(references).map(([column, target]) =>
      what(table, column.replace("!", ""), target, column.endsWith("!")),
    ),
  );

/** References can be checked at the end, so that rows need no order. */
export const SCHEMA = `
  CREATE TABLE schema_migrations (version varchar PRIMARY KEY);
  INSERT INTO schema_migrations VALUES ('20260901000000');
  ${Object.keys(REFERENCES)
    .map(
      (table) =>
        `CREATE TABLE ${table} (id bigserial PRIMARY KEY${COLUMNS[table] ? `, ${COLUMNS[table]}` : ""});`,
    )
    .join("\n")}
  ${each((table, column, target, required) => `ALTER TABLE ${table} ADD ${column} bigint ${required ? "NOT NULL" : ""} REFERENCES ${target};`).join("\n")}`;

/**
 * Three rows of each table: row N refers to row N everywhere. Account 1 is of this instance and follows account 2. Account 3 is a stranger, and so
 * is what refers to it.
 */
export const ROWS = `
  DO $$
    DECLARE command text;
    BEGIN
      FOR command IN SELECT format('ALTER TABLE %s ALTER CONSTRAINT %I DEFERRABLE INITIALLY DEFERRED', conrelid::regclass, conname)
        FROM pg_constraint WHERE contype = 'f' LOOP
        EXECUTE command;
      END LOOP;
    END $$;
  ${Object.entries(REFERENCES)
    .map(([table, references]) => {
      const columns = Object.keys(references).map((column) => column.replace("!", ""));
      const ids = ["id", ...columns].join(", ");
      return `INSERT INTO ${table} (${ids}) SELECT ${["i", ...columns.map(() => "i")].join(", ")} FROM generate_series(1, 3) AS i;`;
    })
    .join("\n")}
  INSERT INTO accounts (id, private_key) VALUES (-99, 'a key');
  UPDATE accounts SET domain = 'elsewhere.example' WHERE id IN (2, 3);
  INSERT INTO follows (id, account_id, target_account_id) VALUES (12, 1, 2);`;
