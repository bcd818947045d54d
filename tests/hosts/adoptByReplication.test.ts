/** An instance moves in by replication: main follows the old server while it serves, and takes over with the last of it. */
import { setTimeout as sleep } from "node:timers/promises";
import type { Machine } from "../../lab/machine";
import type { OldServer } from "../../lab/oldServer/oldServer";
import { look } from "../../operations/adopt/look";
import { giveBack, type Move, move } from "../../operations/adopt/move";
import type { Where } from "../../operations/adopt/there";
import { attempt } from "../../tools/run";
import { newStack } from "../operations/adopt/server";
import { LARGE, oldAndMain, oldServer } from "./adopt/old";
import { ready, redis, sql } from "./boot/ask";
import { Lab } from "./lab";

const OLD: Where = { host: "old", compose: "", env: "" };
const STOPS = "the old instance stops";

describe("adopt by replication", () => {
  let lab: Lab;
  let old: OldServer;
  let main: Machine;
  const path = process.env.PATH;
  const said: string[] = [];
  const say = (line: string) => void said.push(line);
  let all: string;

  beforeAll(async () => {
    lab = await Lab.create();
    old = await oldServer(lab, 17);
    ({ main, containers: all } = await oldAndMain(lab, old));
    process.env.PATH = `${await old.ssh(main)}:${path}`;
  }, 1_800_000);
  afterAll(async () => {
    process.env.PATH = path;
    await old?.remove();
    await lab?.remove();
  });

  const there = async (text: string, as = "postgres") =>
    (
      await old.machine.run(
        `docker exec -i mastodon_db_1 psql -U ${as} -qtAX -v ON_ERROR_STOP=1 -d mastodon_production`,
        { input: text },
      )
    ).trim();
  const CONTENTS = `SET timezone = 'UTC'; ${["accounts", "statuses", "users"]
    .map((table) => `SELECT md5(string_agg(t::text, ';' ORDER BY id)) FROM ${table} AS t`)
    .join(
      ";",
    )}; SELECT string_agg(indexname, ' ' ORDER BY indexname COLLATE "C") FROM pg_indexes WHERE schemaname = 'public'`;
  // Postgres writes a sequence to its log 32 ahead: a copy goes on there.
  const POSTS_ID = "SELECT last_value FROM statuses_id_seq";
  const role = (as?: string) => there("SELECT count(*) FROM pg_roles WHERE rolname = 'mastodon_moving'", as);
  const args = async (changes: Partial<Move> = {}): Promise<Move> => ({
    where: OLD,
    main: "main",
    look: await look(OLD, 2, newStack()),
    by: "replication",
    say,
    ...changes,
  });
  const folders = () =>
    main.run("ls /var/lib/postgresql/17").then((text) => text.trim().split("\n").join(" "));

  test("a way to main that breaks: the old instance never stopped, and both sides are as they were", async () => {
    said.length = 0;
    const cut = async () => {
      expect(await role()).toBe("1");
      // As an up would.
      await main.run("systemctl start mastodon.service");
      expect((await main.attempt("systemctl is-active mastodon.service")).stdout).toBe("inactive\n");
      await attempt(["pkill", "-f", "R 127.0.0.1:15432"]);
      await sleep(500);
    };
    await expect(move(await args({ ready: cut }))).rejects.toThrow(
      /^The move failed, and the old instance runs again\. the connection to main ended: /,
    );
    expect(said.some((line) => line.startsWith(STOPS))).toBe(false);
    expect(await old.containers()).toBe(all);
    expect(await role()).toBe("0");
    expect(await folders()).toBe("main");
    expect(await sql(main, "SELECT count(*) FROM statuses")).toBe("0");
    expect(await redis(main, "INFO replication")).toContain("role:master");
    await ready(main);
  });

  test("what was written until the end is on main, which is like one that began there", async () => {
    said.length = 0;
    let written = 0;
    let writing = true;
    // As people post while main copies.
    const posts = (async () => {
      while (writing && !said.some((line) => line.startsWith(STOPS))) {
        await there(`INSERT INTO statuses (account_id, text) VALUES (10, 'post ${written}')`);
        await old.machine.run(
          `docker exec mastodon_redis_1 redis-cli -n 2 LPUSH queue:default job-${written}`,
        );
        written += 1;
      }
    })();
    const moved = await move(await args()).finally(() => {
      writing = false;
    });
    await posts;
    console.log(`${said.join("\n")}\n${JSON.stringify(moved)}`);
    expect(written).toBeGreaterThan(5);
    expect(await sql(main, "SELECT count(*) FROM statuses WHERE text ~ '^post [0-9]+$'")).toBe(
      String(written),
    );
    expect(await sql(main, CONTENTS)).toBe(await there(CONTENTS));
    expect(Number(await sql(main, POSTS_ID))).toBeGreaterThanOrEqual(Number(await there(POSTS_ID)));
    expect(await redis(main, "ZCARD feed:home:10")).toBe("3");
    expect(await redis(main, "ZCARD schedule")).toBe("1");
    expect(await redis(main, "INFO replication")).toContain("role:master");
    expect(await old.containers()).toBe("mastodon_db_1 mastodon_redis_1");
    expect(await role()).toBe("0");
    // As on a main that began empty.
    expect(
      await sql(
        main,
        "SELECT string_agg(rolname, ' ' ORDER BY rolname) FROM pg_roles WHERE rolname !~ '^pg_' AND (rolsuper OR rolcanlogin)",
      ),
    ).toBe("mastodon postgres");
    expect(
      await sql(
        main,
        "SELECT DISTINCT pg_get_userbyid(relowner) FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'm', 'S') AND relname NOT LIKE 'pg_stat%'",
      ),
    ).toBe("mastodon");
    expect(
      await sql(main, "SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = 'mastodon'"),
    ).toBe("mastodon");
    expect(await sql(main, "SHOW archive_mode")).toBe("on");
    expect(await main.run("cat /var/lib/postgresql/17/main/postgresql.auto.conf")).toBe("");
    // The repository is about another cluster: a new backup is due.
    expect(await main.run("cat /var/lib/postgresql/backup-needed")).toBe("again\n");
    await ready(main);
    if (LARGE === 0) expect(moved.downSeconds).toBeLessThan(600);
  });

  test("the way back: posts that were made since are not given up unasked", async () => {
    await sql(
      main,
      "INSERT INTO statuses (account_id, text, created_at) VALUES (10, 'made on main', now() AT TIME ZONE 'UTC')",
    );
    const back = { where: OLD, main: "main", say, regardless: false };
    await expect(giveBack({ ...back, loss: "refused" })).rejects.toThrow(
      /1 posts were made here since the move/,
    );
    await giveBack({ ...back, loss: "" });
    expect(await old.containers()).toBe(all);
    expect(await sql(main, "SELECT count(*) FROM statuses")).toBe("0");
    expect(await redis(main, "EXISTS feed:home:10")).toBe("0");
    expect(await folders()).toMatch(/^main moved-\d{14}$/);
    await ready(main);
  });

  test("and again, from a cluster whose superuser has another name, as in a container with POSTGRES_USER", async () => {
    await there(
      "CREATE ROLE other SUPERUSER LOGIN; ALTER DATABASE mastodon_production SET statement_timeout = '1h'",
    );
    await there("ALTER ROLE postgres RENAME TO boss", "other");
    await there("DROP ROLE other", "boss");
    const contents = await there(CONTENTS, "boss");
    await move(await args());
    expect(await sql(main, CONTENTS)).toBe(contents);
    expect(await sql(main, "SELECT rolname FROM pg_roles WHERE oid = 10")).toBe("postgres");
    expect(await sql(main, "SHOW statement_timeout")).toBe("0");
    expect(await role("boss")).toBe("0");
    await ready(main);
  });
});
