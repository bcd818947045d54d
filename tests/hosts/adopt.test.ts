/** An instance on an old server moves in: the look, which changes nothing there, and the move by dump. */
import type { Machine } from "../../lab/machine";
import type { OldServer } from "../../lab/oldServer/oldServer";
import { look, lookVariables } from "../../operations/adopt/look";
import { checkMain, giveBack, type Moved, move } from "../../operations/adopt/move";
import { checkOld, returnToOld } from "../../operations/adopt/returnToOld";
import { lookText } from "../../operations/adopt/text";
import { fileThere, there, type Where } from "../../operations/adopt/there";
import { newStack } from "../operations/adopt/server";
import { oldAndMain, oldServer } from "./adopt/old";
import { ready, redis, sql } from "./boot/ask";
import { Lab } from "./lab";

/** What puts a dump into main. */
const RESTORE = "/usr/local/lib/mastodon-host/restore-dump";

const OLD: Where = { host: "old", compose: "", env: "" };

describe("adopt", () => {
  let lab: Lab;
  let old: OldServer;
  let main: Machine;
  const path = process.env.PATH;

  beforeAll(async () => {
    lab = await Lab.create();
    old = await oldServer(lab, 13);
    process.env.PATH = `${await old.ssh()}:${path}`;
  }, 900_000);
  afterAll(async () => {
    process.env.PATH = path;
    await old?.remove();
    await lab?.remove();
  });

  /** The look, and the proof that it changed nothing: files, rows, catalogs, Redis. */
  async function looked(database = "mastodon_production") {
    const state = async () => [
      await old.contents(database),
      await old.redis("INFO keyspace"),
      await old.redis("DBSIZE"),
    ];
    await old.mark();
    const before = await state();
    const found = await look(OLD, 2, newStack());
    expect(await state()).toEqual(before);
    expect(await old.written()).toBe("");
    return found;
  }
  const refusals = (found: Awaited<ReturnType<typeof look>>) =>
    found.findings
      .filter(({ level }) => level === "refusal")
      .map(({ about, says, remedy }) => `${about}: ${says} → ${remedy}`);

  describe("the look", () => {
    test("a server on which all is well: everything is found, nothing refused, nothing changed", async () => {
      const found = await looked();
      expect(refusals(found)).toEqual([]);
      expect(found.findings).toEqual([]);
      expect(found.facts).toMatchObject({
        runs: "systemd",
        folder: "/home/mastodon/live",
        user: "mastodon",
        version: "4.7.2",
        problems: [],
        services: {
          "mastodon-web.service": "active",
          "mastodon-sidekiq.service": "active",
          "mastodon-streaming.service": "active",
        },
        database: {
          encoding: "UTF8",
          collation: "C.UTF-8",
          owner: "mastodon",
          owners: ["mastodon"],
          invalid: [],
        },
        people: { users: 100 },
        onDisk: { own: { files: 1, bytes: 3000 }, others: { files: 1, bytes: 5000 } },
        listed: { own: { files: 100 }, others: { files: 300 } },
        redis: { version: "6.0.16", queues: { default: 3, "(schedule)": 1 } },
      });
      expect(Math.floor((found.facts.database?.version ?? 0) / 10_000)).toBe(13);
      expect(Object.values(found.facts.secrets).filter((state) => state === "fits")).toHaveLength(6);
      // All of them, also those that belong to constraints.
      expect(found.facts.unique?.length).toBeGreaterThan(20);
      expect(found.facts.unique?.filter(({ duplicates }) => duplicates !== 0)).toEqual([]);
      expect(found.plan.physical).toEqual({ possible: false, why: "Postgres 13 there, 17 on main" });
      process.stderr.write(lookText(found));
    });

    test("duplicates that a damaged index hides, and a unique index that is gone", async () => {
      await old.database("duplicates");
      old.environment({ DB_NAME: "duplicates" });
      await old.sql(
        `UPDATE pg_index SET indisready = false WHERE indexrelid = 'index_accounts_on_username_and_domain_lower'::regclass;
         INSERT INTO accounts (id, username, domain) VALUES (900001, 'ÜNÏCODE_7', 'beispiel-ÄÖ.example');
         UPDATE pg_index SET indisready = true WHERE indexrelid = 'index_accounts_on_username_and_domain_lower'::regclass;
         DROP INDEX index_preview_cards_on_url; INSERT INTO preview_cards (url) VALUES ('https://a'), ('https://a');
         DROP INDEX index_tags_on_name_lower_btree;
         UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'index_accounts_on_uri'::regclass`,
        "duplicates",
      );
      // Even where an administrator has told Postgres to prefer indexes, which would hide them.
      await old.sql(
        "ALTER DATABASE duplicates SET enable_seqscan = off; ALTER DATABASE duplicates SET enable_hashagg = off; ALTER DATABASE duplicates SET enable_sort = off",
      );
      // Postgres itself finds one of the two.
      expect(
        await old.sql(
          "SET enable_seqscan = off; SELECT count(*) FROM accounts WHERE lower(username) = 'ünïcode_7' AND COALESCE(lower(domain), '') = 'beispiel-äö.example'",
          "duplicates",
        ),
      ).toBe("1");
      const lines = refusals(await looked("duplicates"));
      expect(lines).toEqual([
        expect.stringMatching(
          /^indexes: Postgres does not use index_accounts_on_uri, .* → .*REINDEX INDEX index_accounts_on_uri/,
        ),
        expect.stringMatching(
          /^duplicates: .*accounts \(lower\(username::text\), COALESCE\(lower\(domain::text\), ''::text\)\): 1 key more than once; preview_cards \(url\): 1 key more than once, and the index is missing → .*tootctl maintenance fix-duplicates/,
        ),
        expect.stringMatching(
          /^indexes: a unique index is missing .*: index_tags_on_name_lower_btree → .*CREATE UNIQUE INDEX CONCURRENTLY index_tags_on_name_lower_btree ON tags \(lower\(name\)\)/,
        ),
      ]);
    });

    test("two rows with one id, as in mastodon#22451", async () => {
      await old.sql(
        `UPDATE pg_index SET indisready = false WHERE indexrelid IN ('custom_emojis_pkey'::regclass, 'index_custom_emojis_on_shortcode_and_domain'::regclass);
         INSERT INTO custom_emojis SELECT * FROM custom_emojis WHERE id = 1;
         UPDATE pg_index SET indisready = true WHERE indexrelid IN ('custom_emojis_pkey'::regclass, 'index_custom_emojis_on_shortcode_and_domain'::regclass)`,
        "duplicates",
      );
      expect(refusals(await looked("duplicates")).join("\n")).toMatch(
        /Rows of custom_emojis share an id, which fix-duplicates cannot repair/,
      );
    });

    test("a database in SQL_ASCII", async () => {
      await old.database("ascii", "-E SQL_ASCII --locale=C");
      old.environment({ DB_NAME: "ascii" });
      expect(refusals(await looked("ascii"))).toEqual([
        expect.stringMatching(
          /^encoding: the database is in SQL_ASCII, .* → .*createdb -T template0 -E UTF8 ascii_utf8/,
        ),
      ]);
    });

    test("the remedy for SQL_ASCII works as it is written", async () => {
      await old.machine.run(
        `runuser -u postgres -- bash -ec 'createdb -T template0 -E UTF8 --locale=C.UTF-8 ascii_utf8 && pg_dump -E UTF8 ascii | psql -qX -v ON_ERROR_STOP=1 ascii_utf8 >/dev/null'`,
      );
      old.environment({ DB_NAME: "ascii_utf8" });
      expect(refusals(await looked("ascii_utf8"))).toEqual([]);
    });

    test("an extension that main does not have", async () => {
      await old.database("extended");
      await old.sql("CREATE EXTENSION dblink; CREATE EXTENSION pg_trgm", "extended");
      old.environment({ DB_NAME: "extended" });
      expect(refusals(await looked("extended"))).toEqual([
        expect.stringMatching(
          /^extensions: main's Postgres cannot restore dblink → .*DROP EXTENSION "dblink"/,
        ),
      ]);
    });

    test("Mastodon 4.2, whose next releases ask for other databases; and migrations that have not run", async () => {
      old.is("4.2.10");
      old.environment();
      old.machine.write("/home/mastodon/live/db/migrate/20260902000000_pending.rb", "");
      const lines = refusals(await looked());
      await old.machine.run("rm /home/mastodon/live/db/migrate/20260902000000_pending.rb");
      old.is("4.7.2");
      expect(lines).toEqual([
        expect.stringMatching(
          /^Mastodon: it runs 4\.2\.10, .* to the newest release of 4\.3, then 4\.4 \(after Redis 6\.2\), then 4\.5 \(after Postgres 14 and Redis 7\), then 4\.6\./,
        ),
        expect.stringMatching(/^migrations: 1 of its release have not run, or failed: 20260902000000 → /),
      ]);
    });

    test("another domain, another bucket's worth of database, a host that does not answer", async () => {
      old.environment({ LOCAL_DOMAIN: "other.example" });
      expect(refusals(await looked())).toEqual([
        expect.stringMatching(
          /^domain: LOCAL_DOMAIN is other\.example, .* → Write domain: other\.example\.$/,
        ),
      ]);
      old.environment();
      await expect(look({ ...OLD, host: "nowhere" }, 2, undefined)).rejects.toThrow(
        /^ssh to nowhere failed: /,
      );
    });

    test("units stop, stay down at a boot, and start again as they were; meanwhile web's port says that the instance moves", async () => {
      const states = async () =>
        (
          await old.machine.attempt(
            "for unit in web sidekiq streaming; do systemctl is-active mastodon-$unit; systemctl is-enabled mastodon-$unit; done",
          )
        ).stdout
          .trim()
          .replaceAll("\n", " ");
      const answer = async () =>
        (
          await old.machine.attempt(
            `python3 -c 'import urllib.request as u; u.urlopen("http://127.0.0.1:3000/about")' 2>&1 | tail -n 1`,
          )
        ).stdout.trim();
      const up = await states();
      expect(up).toBe("active enabled active enabled active enabled");
      const stop = () => there("stop.sh", OLD, 120, { MOVING: fileThere("moving.py") });
      expect((await stop()).code).toBe(0);
      expect(await states()).toBe("inactive disabled inactive disabled inactive disabled");
      await old.machine.waitFor("the page", 10, async () => (await answer()).includes("503"));
      // Once more, as after a try that was cut off: what ran is not forgotten.
      expect((await stop()).code).toBe(0);
      expect((await there("start.sh", OLD, 120)).code).toBe(0);
      expect(await states()).toBe(up);
      expect(await answer()).toContain("Connection refused");
    });

    test("a role that reads everything and may change nothing would be enough", async () => {
      // The statements are those of every look; run by a role without rights to write.
      expect(Object.values(lookVariables(2)).join("\n")).not.toMatch(
        /\b(INSERT|UPDATE|DELETE|CREATE|ALTER|DROP|VACUUM|SET (?!LOCAL))\b/,
      );
    });
  });

  describe("the move", () => {
    let moved: Moved;
    let contents: string;
    const said: string[] = [];
    const say = (line: string) => void said.push(line);
    const containers =
      "mastodon_db_1 mastodon_redis_1 mastodon_sidekiq_1 mastodon_streaming_1 mastodon_web_1";
    const CONTENTS =
      "SELECT md5(string_agg(t::text, ';' ORDER BY id)) FROM accounts AS t UNION ALL SELECT md5(string_agg(t::text, ';' ORDER BY id)) FROM statuses AS t UNION ALL SELECT md5(string_agg(t::text, ';' ORDER BY id)) FROM users AS t UNION ALL SELECT string_agg(indexname, ' ' ORDER BY indexname COLLATE \"C\") FROM pg_indexes WHERE schemaname = 'public' UNION ALL SELECT string_agg(sequencename || last_value, ' ' ORDER BY sequencename) FROM pg_sequences";
    const contentsThere = () =>
      old.machine.run("docker exec -i mastodon_db_1 psql -U postgres -qtAX -d mastodon_production", {
        input: `SET timezone = 'UTC'; ${CONTENTS}`,
      });

    beforeAll(async () => {
      ({ main } = await oldAndMain(lab, old));
      process.env.PATH = `${await old.ssh(main)}:${path}`;
    }, 1_800_000);

    const args = async () => ({
      where: OLD,
      main: "main",
      look: await look(OLD, 2, newStack()),
      by: "dump" as const,
      say,
    });

    test("the same look at the same instance in docker-compose", async () => {
      const found = await look(OLD, 2, newStack());
      expect(refusals(found)).toEqual([]);
      expect(found.facts).toMatchObject({
        runs: "compose",
        folder: "/srv/mastodon",
        version: "4.7.2",
        problems: [],
        database: { encoding: "UTF8", owner: "mastodon" },
        redis: { version: "6.0.16", queues: { default: 3, "(schedule)": 1 } },
        onDisk: { path: "/srv/mastodon/public/system", own: { files: 1 } },
      });
      expect(Object.keys(found.facts.services).sort()).toEqual([
        "db",
        "redis",
        "sidekiq",
        "streaming",
        "web",
      ]);
    });

    test("a main with other keys takes no instance, and a main in use neither", async () => {
      const { look: found } = await args();
      old.machine.write(
        "/srv/mastodon/.env.production",
        old.machine
          .read("/srv/mastodon/.env.production")
          .replace(/^SECRET_KEY_BASE=.*/m, `SECRET_KEY_BASE=${"1".repeat(128)}`),
      );
      await old.machine.run("cd /srv/mastodon && docker-compose up -d 2>&1");
      await expect(checkMain({ where: OLD, main: "main", look: found, by: "dump" })).rejects.toThrow(
        /SECRET_KEY_BASE is another one here than on the old server/,
      );
      old.machine.write(
        "/srv/mastodon/.env.production",
        old.machine
          .read("/srv/mastodon/.env.production")
          .replace(/^SECRET_KEY_BASE=.*/m, `SECRET_KEY_BASE=${"0".repeat(128)}`),
      );
      await old.machine.run("cd /srv/mastodon && docker-compose up -d 2>&1");
      await sql(main, "INSERT INTO statuses (text) VALUES ('in use')");
      await expect(checkMain({ where: OLD, main: "main", look: found, by: "dump" })).rejects.toThrow(
        /main is in use: it has 0 users and 1 posts/,
      );
      await sql(main, "DELETE FROM statuses");
      await checkMain({ where: OLD, main: "main", look: found, by: "dump" });
    });

    test("one that fails in its middle: the old instance runs again, and main is as it was", async () => {
      contents = await contentsThere();
      await main.run(
        `mv ${RESTORE} ${RESTORE}.kept && printf '#!/bin/bash\\necho broken >&2\\nexit 1\\n' >${RESTORE} && chmod 755 ${RESTORE}`,
      );
      await expect(move(await args())).rejects.toThrow(
        /^The move failed, and the old instance runs again\. main: broken/,
      );
      await main.run(`mv ${RESTORE}.kept ${RESTORE}`);
      expect(await old.containers()).toBe(containers);
      expect(await sql(main, "SELECT count(*) FROM statuses")).toBe("0");
      await ready(main);
    });

    test("by dump: every row, every feed and every job is on main; the old instance is down and stays down", async () => {
      said.length = 0;
      moved = await move(await args());
      console.log(`${said.join("\n")}\n${JSON.stringify(moved)}`);
      expect(moved.dump?.tables).toBeGreaterThan(10);
      expect(moved.dump?.rows).toBeGreaterThan(23_000);
      expect(await sql(main, CONTENTS)).toBe(contents.trim());
      expect(
        await sql(
          main,
          "SELECT DISTINCT pg_get_userbyid(relowner) FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'm', 'S') AND relname NOT LIKE 'pg_stat%'",
        ),
      ).toBe("mastodon");
      expect(await sql(main, "SELECT username FROM accounts WHERE id = 7")).toBe("Ünïcode_7");
      expect(await redis(main, "ZCARD feed:home:10")).toBe("3");
      expect(await redis(main, "ZCARD schedule")).toBe("1");
      await ready(main);
      expect(await old.containers()).toBe("mastodon_db_1 mastodon_redis_1");
      // Not after a reboot, either.
      await old.machine.run("systemctl restart docker");
      await old.machine.waitFor("Redis' container", 60, async () =>
        (await old.containers()).includes("mastodon_redis_1"),
      );
      expect(await old.containers()).toBe("mastodon_db_1 mastodon_redis_1");
    });

    test("the way back: posts that were made since are not given up unasked", async () => {
      await sql(
        main,
        "INSERT INTO statuses (account_id, text, created_at) VALUES (10, 'made on main', now() AT TIME ZONE 'UTC')",
      );
      await expect(
        giveBack({ where: OLD, main: "main", say, loss: "refused", regardless: false }),
      ).rejects.toThrow(/1 posts were made here since the move/);
      expect(await old.containers()).toBe("mastodon_db_1 mastodon_redis_1");
      await giveBack({ where: OLD, main: "main", say, loss: "", regardless: false });
      expect(await old.containers()).toBe(containers);
      expect(
        await old.machine.run("docker inspect --format '{{.HostConfig.RestartPolicy.Name}}' mastodon_web_1"),
      ).toBe("always\n");
      expect(await sql(main, "SELECT count(*) FROM statuses")).toBe("0");
      expect(await redis(main, "EXISTS feed:home:10")).toBe("0");
      await ready(main);
    });

    test("and again: a move after a way back", async () => {
      moved = await move(await args());
      expect(await sql(main, CONTENTS)).toBe(contents.trim());
    });

    describe("the way back after DNS has moved", () => {
      // There is no worker here that would do what waits.
      const both = { where: OLD, main: "main", say, patience: 10 };
      const stays = async () => {
        await ready(main);
        expect((await main.run("systemctl is-active nginx")).trim()).toBe("active");
        expect(await old.containers()).toBe("mastodon_db_1 mastodon_redis_1");
      };

      test("a database that the old code does not know is refused before anything stops", async () => {
        await sql(main, "INSERT INTO schema_migrations VALUES ('20270101000000')");
        await expect(checkOld(both)).rejects.toThrow(/does not know 1 of main's migrations/);
        await sql(main, "DELETE FROM schema_migrations WHERE version = '20270101000000'");
        await checkOld(both);
        await stays();
      });

      test("one that fails in its middle: main serves again, and nothing of it is left on the old server", async () => {
        await old.machine.run("mv $(command -v gunzip){,.kept}");
        await expect(returnToOld(both)).rejects.toThrow(
          /^Nothing has changed, and main serves again\. the dump/,
        );
        await old.machine.run("mv $(command -v gunzip.kept) $(command -v gunzip.kept | sed s/.kept//)");
        await stays();
        expect(await old.machine.run("docker exec mastodon_db_1 psql -U postgres -l")).not.toContain(
          "returning",
        );
      });

      test("what was written on main is in the old instance, which runs; main does nothing any more", async () => {
        await sql(
          main,
          "INSERT INTO statuses (account_id, text, created_at) VALUES (10, 'made on main, äöü', now() AT TIME ZONE 'UTC')",
        );
        const { rows, before, ...took } = await returnToOld(both);
        console.log(`${said.join("\n")}\n${JSON.stringify(took)}`);
        expect(said).toContain(
          "  given up: 3 jobs that were not done, and 0 that would have been tried again",
        );
        expect(rows).toBeGreaterThan(23_000);
        expect((await contentsThere()).trim()).toBe(await sql(main, CONTENTS));
        expect(await old.containers()).toBe(containers);
        // Its jobs were done on main.
        expect(await old.machine.run("docker exec mastodon_redis_1 redis-cli -n 2 DBSIZE")).toBe("0\n");
        expect(await old.machine.run("docker exec mastodon_db_1 psql -U postgres -l")).toContain(before);
        await main.run("systemctl start mastodon.service");
        expect((await main.attempt("systemctl is-active mastodon.service")).stdout).toBe("inactive\n");
      });
    });
  });
});
