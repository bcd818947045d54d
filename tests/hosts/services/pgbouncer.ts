/** pgbouncer between Postgres and every process of Mastodon. */
import type { Beds } from "./bed";

const PGBENCH = "/usr/lib/postgresql/17/bin/pgbench";

/** What a client's first packet gets for an answer: its type, and its text. */
const STARTUP = `
import socket, struct
body = struct.pack("!i", 196608)
for word in ("user", "mastodon", "database", "mastodon", "extra_float_digits", "2"):
    body += word.encode() + b"\\0"
body += b"\\0"
client = socket.create_connection(("127.0.0.1", 6432))
client.sendall(struct.pack("!i", len(body) + 4) + body)
answer = client.recv(1000)
print(answer[:1].decode(), answer[9:].replace(b"\\0", b" ").decode().strip())
`;

export function pgbouncerTests(bed: Beds): void {
  /** One number of pgbouncer's own console, which its own system user may ask. */
  const connections = async () => {
    const rows = await bed().main.run(
      "runuser -u postgres -- psql -qtAX -h /run/postgresql -p 6432 -U pgbouncer -d pgbouncer -c 'SHOW POOLS'",
    );
    const pool =
      rows
        .split("\n")
        .find((row) => row.startsWith("mastodon|mastodon|"))
        ?.split("|") ?? [];
    return { clients: Number(pool[2] ?? 0) + Number(pool[3] ?? 0), waiting: Number(pool[3] ?? 0) };
  };
  /** Sessions of Mastodon's role in Postgres. */
  const sessions = async () =>
    Number(await bed().sql("SELECT count(*) FROM pg_stat_activity WHERE usename = 'mastodon'"));

  test("a client proves its password by SCRAM, and may ask for extra_float_digits as some drivers do", async () => {
    expect(await bed().main.run("python3 -", { input: STARTUP })).toBe("R SCRAM-SHA-256\n");
    expect((await bed().mastodonSql("SELECT current_user")).stdout).toBe("mastodon\n");
    const wrong = await bed().main.attempt(`${bed().asMastodon()} PGPASSWORD=wrong psql -qtAX -c 'SELECT 1'`);
    expect(wrong.stderr).toContain("SASL authentication failed");
  });

  test("the whole budget of clients works at once; one more is refused clearly, and no transaction is lost", async () => {
    const { maxClientConnections, defaultPoolSize } = bed().inputs.sizing.pgbouncer;
    // Mastodon's own processes are connected too.
    const budget = maxClientConnections - (await connections()).clients;
    const perClient = 6;
    await bed().sql("CREATE TABLE budget (client int, turn int); ALTER TABLE budget OWNER TO mastodon");
    await bed().main.run("cat >/tmp/budget.sql", {
      // As Rails does with PREPARED_STATEMENTS=false: parameters apart from the statement, which has no name.
      input: `BEGIN;\nSELECT pg_sleep(0.3);\nINSERT INTO budget VALUES (:client_id, pg_backend_pid());\nEND;\n`,
    });
    const clients = bed().main.attempt(
      `${bed().asMastodon()} ${PGBENCH} -n -M extended -c ${budget} -j 4 -t ${perClient} -f /tmp/budget.sql`,
    );
    // A client between two transactions waits for nothing, so not every look finds all of them in the queue.
    await bed().main.waitFor("all clients, the pool at work and the others in its queue", 30, async () => {
      const { clients, waiting } = await connections();
      return (
        clients === maxClientConnections &&
        waiting === budget - defaultPoolSize &&
        (await sessions()) === defaultPoolSize
      );
    });

    const seen: number[] = [];
    for (let i = 0; i < 5; i++) {
      const extra = await bed().mastodonSql("SELECT 1");
      expect(extra.stderr).toContain("FATAL:  no more connections allowed (max_client_conn)");
      seen.push(await sessions());
    }
    expect(seen).toEqual(seen.map(() => defaultPoolSize));

    const { code, stdout } = await clients;
    expect(stdout).toContain("number of failed transactions: 0 (0.000%)");
    expect(code).toBe(0);
    expect(await bed().sql("SELECT count(*), count(DISTINCT client) FROM budget")).toBe(
      `${budget * perClient}|${budget}`,
    );
    expect((await bed().mastodonSql("SELECT 1")).stdout).toBe("1\n");
  });

  test("long transactions get the reserve and no more; the next ones wait their turn", async () => {
    const { defaultPoolSize, reservePoolSize } = bed().inputs.sizing.pgbouncer;
    const clients = defaultPoolSize + reservePoolSize + 5;
    // The first ones hold the pool until the others have waited for reserve_pool_timeout, 5 s.
    await bed().main.run("cat >/tmp/long.sql", {
      input:
        "SELECT pg_sleep(CASE WHEN clock_timestamp() < to_timestamp(:begin) + interval '3 s' THEN 6 ELSE 0.5 END);\n",
    });
    let most = 0;
    let ended = false;
    const watch = async () => {
      while (!ended) most = Math.max(most, await sessions());
    };
    const [{ code, stdout }] = await Promise.all([
      bed()
        .main.attempt(
          `${bed().asMastodon()} ${PGBENCH} -n -D begin=$(date +%s) -c ${clients} -t 1 -f /tmp/long.sql`,
        )
        .finally(() => {
          ended = true;
        }),
      watch(),
    ]);
    expect(stdout).toContain(`number of transactions actually processed: ${clients}/${clients}`);
    expect(code).toBe(0);
    expect(most).toBe(defaultPoolSize + reservePoolSize);
  });
}
