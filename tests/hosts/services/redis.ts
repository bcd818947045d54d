/** The two Redis: what is in the first must not be lost, what is in the second may go at any time. */
import { setTimeout as sleep } from "node:timers/promises";
import type { Beds } from "./bed";

/** Pushes 1, 2, 3 … until the connection breaks; says how many of them Redis acknowledged, and how many a second before. */
const WRITER = `
import socket, time
client = socket.create_connection(("127.0.0.1", 6379))
def ask(*words):
    client.sendall(b"".join([b"*%d\\r\\n" % len(words), *(b"$%d\\r\\n%s\\r\\n" % (len(word), word) for word in words)]))
    return client.recv(100)
assert ask(b"AUTH", open("/etc/mastodon-host/secrets/redis-password", "rb").read()) == b"+OK\\r\\n"
times = []
try:
    while ask(b"RPUSH", b"numbers", b"%d" % (len(times) + 1)) == b":%d\\r\\n" % (len(times) + 1):
        times.append(time.time())
except ConnectionError:
    pass
print(len(times), sum(moment < times[-1] - 1 for moment in times))
`;

export function redisTests(bed: Beds): void {
  const running = (unit: string) =>
    bed().main.waitFor(unit, 60, async () =>
      (await bed().main.attempt(`systemctl is-active ${unit}`)).stdout.startsWith("active"),
    );

  test("neither answers without its own password", async () => {
    for (const port of [6379, 6380]) {
      expect(await bed().main.run(`redis-cli -p ${port} DBSIZE`)).toContain("NOAUTH");
      const other = port === 6379 ? "cache-redis" : "redis";
      const wrong = `REDISCLI_AUTH="$(cat /etc/mastodon-host/secrets/${other}-password)" redis-cli -p ${port} DBSIZE`;
      expect((await bed().main.attempt(wrong)).stdout).toContain("NOAUTH");
    }
  });

  test("the first survives kill -9 in the middle of writing: all that it acknowledged a second ago and before is there, in order", async () => {
    const writer = bed().main.run("python3 -", { input: WRITER });
    await sleep(2500);
    await bed().main.run("systemctl kill --signal=SIGKILL redis-server.service");
    const [all = 0, settled = 0] = (await writer).split(" ").map(Number);
    await running("redis-server.service");
    const kept = Number(await bed().redis("redis", "LLEN numbers"));
    // One more than acknowledged: the answer that the kill cut off.
    expect(kept).toBeLessThanOrEqual(all + 1);
    expect(kept).toBeGreaterThanOrEqual(settled);
    expect(settled).toBeGreaterThan(1000);
    // The end as it was written, and nothing before it missing.
    expect(await bed().redis("redis", "LINDEX numbers -1")).toBe(String(kept));
    expect(await bed().redis("redis", "DEL numbers")).toBe("1");
  });

  /** So many commands that store a megabyte each. */
  const filler = (megabytes: number) =>
    Array.from({ length: megabytes }, (_, i) => `SET filler:${i + 1} ${"x".repeat(1_000_000)}\n`).join("");

  test("the first, full, answers an error and keeps what it has; what is taken out makes room again", async () => {
    await bed().redis("redis", "SET early kept");
    const answers = (await bed().redis("redis", "", filler(80))).split("\n").filter((line) => line !== "");
    // A smaller need for buffers may let a later one in.
    const stored = answers.flatMap((answer, i) => (answer === "OK" ? [`filler:${i + 1}`] : []));
    expect(answers.find((answer) => answer !== "OK")).toContain(
      "OOM command not allowed when used memory > 'maxmemory'",
    );
    expect(await bed().redis("redis", "GET early")).toBe("kept");
    expect(stored.length).toBeGreaterThan(40);
    expect(await bed().redis("redis", "INFO stats")).toContain("evicted_keys:0");
    expect(await bed().redis("redis", `DEL ${stored.join(" ")}`)).toBe(String(stored.length));
    expect(await bed().redis("redis", "LPUSH queue:default job")).toBe("1");
  });

  test("the cache, full, drops what it has and refuses nothing; it leaves nothing on any disk", async () => {
    const answers = await bed().redis("cache-redis", "", filler(100));
    expect(new Set(answers.split("\n"))).toEqual(new Set(["OK"]));
    expect(await bed().redis("cache-redis", "CONFIG GET maxmemory-policy")).toBe(
      "maxmemory-policy\nallkeys-lru",
    );
    // Which keys go is a guess: Redis looks at some, and counts their age in seconds.
    expect(await bed().redis("cache-redis", "EXISTS filler:100")).toBe("1");
    const evicted = /evicted_keys:(\d+)/.exec(await bed().redis("cache-redis", "INFO stats"))?.[1];
    expect(Number(evicted)).toBeGreaterThan(30);
    await bed().main.run("systemctl restart redis-server@cache.service");
    await running("redis-server@cache.service");
    expect(await bed().redis("cache-redis", "DBSIZE")).toBe("0");
    expect(await bed().main.run("ls --ignore=copied /var/lib/redis")).toBe("appendonlydir\n");
  });

  test("a dump from elsewhere is taken in whole, into the append-only file, also after a first try that was cut off", async () => {
    const commands = Array.from({ length: 1000 }, (_, i) => `RPUSH queue:imported ${i + 1}\n`).join("");
    await bed().main.run(
      `systemctl stop redis-server.service && cd /var/lib/redis && rm -r appendonlydir &&
       runuser -u redis -- redis-server --port 0 --unixsocket /tmp/elsewhere.sock --dir /var/lib/redis --save '' --daemonize yes >/dev/null &&
       sleep 0.5 && redis-cli -s /tmp/elsewhere.sock >/dev/null && redis-cli -s /tmp/elsewhere.sock SHUTDOWN SAVE &&
       install -d -o redis appendonlydir.import && install -o redis /dev/null appendonlydir.import/appendonly.aof.1.base.rdb`,
      { input: commands },
    );
    for (const command of ["start", "restart"]) {
      await bed().main.run(`systemctl ${command} redis-server.service`);
      expect(await bed().redis("redis", "LLEN queue:imported")).toBe("1000");
      expect(await bed().redis("redis", "LRANGE queue:imported -1 -1")).toBe("1000");
    }
    expect(await bed().redis("redis", "CONFIG GET appendonly")).toBe("appendonly\nyes");
    expect((await bed().main.run("ls --ignore=copied /var/lib/redis")).split("\n")).toEqual([
      "appendonlydir",
      "dump.rdb.imported",
      "",
    ]);
  });

  const DAMAGED = "/var/lib/redis/appendonlydir.damaged-";
  const APPENDED = "/var/lib/redis/appendonlydir/appendonly.aof.*.incr.aof";
  const DAMAGES: [string, string, RegExp][] = [
    [
      "200 zero bytes at its end",
      `head -c 200 /dev/zero >>$(echo ${APPENDED})`,
      /cut off 200 bytes at its end; as it was: /,
    ],
    [
      "garbage at its end",
      `printf '\\377\\001garbage%.0s' {1..40} >>$(echo ${APPENDED})`,
      /cut off 360 bytes at its end; as it was: /,
    ],
    [
      "no list of its files any more",
      "rm /var/lib/redis/appendonlydir/appendonly.aof.manifest",
      /wrote an unreadable appendonly\.aof\.manifest anew; as it was: /,
    ],
    [
      "a list of zeros",
      "truncate -s 0 /var/lib/redis/appendonlydir/*.manifest; truncate -s 90 /var/lib/redis/appendonlydir/*.manifest",
      /wrote an unreadable/,
    ],
  ];

  test.each(DAMAGES)(
    "after a power cut with %s it starts by itself: the jobs are there, a copy is kept, the journal says so",
    async (_, damage, says) => {
      await bed().redis("redis", "DEL queue:default");
      await bed().redis(
        "redis",
        "",
        Array.from({ length: 100 }, (_, i) => `LPUSH queue:default ${i + 1}\n`).join(""),
      );
      const before = (await bed().main.run("date +%s.%N")).trim();
      await bed().main.run(
        `systemctl stop redis-server.service; ${damage}; systemctl start --no-block redis-server.service`,
      );
      await running("redis-server.service");
      expect(await bed().redis("redis", "LLEN queue:default")).toBe("100");
      const said = await bed().main.run(
        `journalctl --sync; journalctl -q -o cat --since=@${before} -u redis-server`,
      );
      expect(said).toMatch(says);
      const kept = /as it was: (\S+)/.exec(said)?.[1] ?? "";
      expect(kept.startsWith(DAMAGED)).toBe(true);
      expect(await bed().main.run(`ls ${kept}`)).toContain("appendonly.aof.");
      await bed().main.run(`rm -r ${DAMAGED}*`);
    },
  );

  test("cut off in the middle of a command it loses that command alone, and nothing has to be repaired", async () => {
    await bed().redis("redis", "DEL queue:default");
    await bed().redis("redis", "LPUSH queue:default 1");
    await bed().redis("redis", "LPUSH queue:default 2");
    await bed().main.run(
      `systemctl stop redis-server.service; truncate -s -3 ${APPENDED}; systemctl start redis-server.service`,
    );
    expect(await bed().redis("redis", "LRANGE queue:default 0 -1")).toBe("1");
    expect(await bed().main.run("ls /var/lib/redis")).not.toContain("damaged");
  });

  test("damage that costs more than the end is nobody's but a person's to decide: it stays down, says so, and starts as the runbook says", async () => {
    await bed().redis("redis", "BGREWRITEAOF");
    await bed().main.waitFor("the rewritten file", 30, async () =>
      (await bed().redis("redis", "INFO persistence")).includes("aof_rewrite_in_progress:0"),
    );
    await bed().redis("redis", "SET after-the-base yes");
    await bed().main.run(
      `systemctl stop redis-server.service
       base=$(echo /var/lib/redis/appendonlydir/*.base.rdb); size=$(stat -c %s $base); truncate -s 0 $base; truncate -s $size $base
       systemctl start --no-block redis-server.service`,
    );
    await bed().main.waitFor("its word", 60, async () =>
      (await bed().main.run("journalctl -q -o cat -u redis-server --since -1min")).includes(
        'cannot be repaired without a decision; see "Redis does not start" in docs/operations.md',
      ),
    );
    const refused = await bed().main.attempt("/usr/local/lib/mastodon-host/redis-repair without-base");
    expect(refused.stderr).toContain("stop Mastodon and Redis first: systemctl stop mastodon redis-server");
    await bed().main.run(
      `systemctl stop mastodon redis-server && /usr/local/lib/mastodon-host/redis-repair without-base && systemctl start redis-server mastodon && mastodon-ready 180`,
    );
    expect(await bed().redis("redis", "GET after-the-base")).toBe("yes");
    await bed().main.run(`rm -r ${DAMAGED}*`);
  });
}
