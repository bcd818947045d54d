/** A service of main restarts on purpose, under load: no post fails, and no job is lost. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { someonesToken } from "../person";
import type { Beds } from "./bed";

const WEB = "social.example.org";
const REPACKED = readFileSync(join(__dirname, "repacked.sh"), "utf8");

/**
 * Posts from four threads until it is told to stop, each of which makes a job; says which answer came how often, and how long the
 * slowest took.
 */
const POSTS = `
import collections, http.client, itertools, json, os, socket, ssl, sys, threading, time
context = ssl._create_unverified_context()
answers, slowest, going, lock, numbers = collections.Counter(), 0.0, True, threading.Lock(), itertools.count(int(sys.argv[1]))
class Here(http.client.HTTPSConnection):
    def connect(self):
        self.sock = context.wrap_socket(socket.create_connection(("127.0.0.1", 443), 10), server_hostname="${WEB}")
        self.sock.settimeout(200)
def post():
    global slowest
    while going:
        start = time.monotonic()
        try:
            here = Here("${WEB}")
            job = {"first": next(numbers), "count": 1, "queue": "push", "retry": 25, "work": {"trips": 5, "cpu": 2, "wait": 300}}
            here.request("POST", "/stand-in/jobs", json.dumps(job), {"Content-Type": "application/json"})
            answer = here.getresponse()
            answer.read()
            said = str(answer.status)
        except OSError as error:
            said = repr(error)
        with lock:
            answers[said] += 1
            slowest = max(slowest, time.monotonic() - start)
        time.sleep(0.1)
threads = [threading.Thread(target=post) for _ in range(4)]
[thread.start() for thread in threads]
while not os.path.exists("/run/posts.stop"):
    time.sleep(0.2)
going = False
[thread.join() for thread in threads]
print(json.dumps([answers, round(slowest, 1)]))
`;

export function restartTests(bed: Beds): void {
  let first = 0;

  /** Something happens while people post. */
  async function underLoad(happen: string) {
    first += 1_000_000;
    await bed().main.run("rm -f /run/posts.stop");
    const posts = bed().main.run(`python3 /root/posts.py ${first}`, { timeout: 280 });
    await sleep(2000);
    await bed().main.run(happen, { timeout: 250 });
    await sleep(3000);
    await bed().main.run("touch /run/posts.stop");
    const [answers, slowest] = JSON.parse(await posts) as [Record<string, number>, number];
    const made = Object.values(answers).reduce((sum, count) => sum + count, 0);
    return { answers, slowest, made };
  }

  /** Each post was answered, and each of its jobs was done at the first try. */
  async function nothingLost({ answers, made }: Awaited<ReturnType<typeof underLoad>>) {
    expect(answers).toEqual({ "200": made });
    expect(made).toBeGreaterThan(20);
    const jobs = (which: string) =>
      bed().sql(
        `SELECT count(*) FROM measured WHERE job >= ${first} AND job < ${first + 1_000_000} AND ${which}`,
      );
    await bed()
      .main.waitFor("the jobs", 60, async () => (await jobs("executions > 0")) === String(made))
      .catch(async (error) => {
        throw new Error(`${error.message}: ${await jobs("executions > 0")} of ${made} are done`);
      });
    expect(await jobs("attempts > 1")).toBe("0");
    expect(await bed().redis("redis", "ZCARD retry")).toBe("0");
  }

  beforeAll(() => bed().main.write("/root/posts.py", POSTS));

  test.each(["redis-server", "redis-server@cache", "postgresql@17-main", "pgbouncer", "docker", "mastodon"])(
    "systemctl restart %s: each post is answered, and its jobs are done",
    async (unit) => {
      const load = await underLoad(`systemctl restart ${unit} && mastodon-ready 120`);
      console.log(`${unit}: ${load.made} posts, the slowest after ${load.slowest} s`);
      await nothingLost(load);
    },
  );

  test("systemctl restart mastodon while a request takes long: that one is answered, and those that come meanwhile", async () => {
    const token = await someonesToken(bed().main);
    const slow = "psql -qX -d mastodon -c 'BEGIN; LOCK TABLE statuses; SELECT pg_sleep(8)'";
    const post = `curl -sk -o /dev/null -w '%{http_code} %{time_total}' --resolve ${WEB}:443:127.0.0.1 -H 'Authorization: Bearer ${token}' -d status=slow https://${WEB}/api/v1/statuses`;
    const load = await underLoad(
      `(runuser -u postgres -- ${slow} >/dev/null &) ; sleep 1; (${post} >/root/slow.answer &) ; sleep 1; systemctl restart mastodon && mastodon-ready 120`,
    );
    const [code, seconds] = bed().main.read("/root/slow.answer").split(" ");
    expect([code, Number(seconds) > 4]).toEqual(["200", true]);
    await nothingLost(load);
  });

  test.each([
    ["redis-server", "redis-server", true],
    ["pgbouncer", "pgbouncer", true],
    ["postgresql-17", "postgresql@17-main", true],
    // Debian leaves the daemon running; `needs-restart` names it.
    ["docker.io", "docker", false],
  ])(
    "an upgrade of the package %s: the same, and workers are told of the release again",
    async (name, unit, restarts) => {
      const { main } = bed();
      const file = await main.run(`bash -s ${name}`, { input: REPACKED, timeout: 120 });
      const process = () => main.run(`systemctl show -P MainPID ${unit}`);
      const before = await process();
      const load = await underLoad(
        `DEBIAN_FRONTEND=noninteractive apt-get install -y ${file.trim()} && mastodon-ready 120`,
      );
      console.log(`package ${name}: ${load.made} posts, the slowest after ${load.slowest} s`);
      await nothingLost(load);
      expect((await process()) !== before).toBe(restarts);
      expect(await main.run(`dpkg-query -W -f '\${Version}' ${name}`)).toMatch(/\+newer$/);
      expect(await main.run("systemctl is-active mastodon-traffic mastodon-release")).toBe(
        "active\nactive\n",
      );
      expect(await bed().redis("redis", "HGET mastodon-hosting:release version")).toMatch(/^v/);
    },
  );

  test("an apply makes web anew: the same", async () => {
    const path = "/etc/mastodon/compose.yaml";
    const [before, text] = [await bed().main.run("docker inspect -f '{{.Id}}' web"), bed().main.read(path)];
    bed().main.write(path, text.replace('MAX_THREADS: "', 'STAND_IN: "1"\n      MAX_THREADS: "'), 0o600);
    await nothingLost(await underLoad("systemctl reload mastodon.service && mastodon-ready 120"));
    expect(await bed().main.run("docker inspect -f '{{.Id}}' web")).not.toBe(before);
    bed().main.write(path, text, 0o600);
    await bed().main.run("systemctl reload mastodon.service && mastodon-ready 120", { timeout: 250 });
  });

  test("an apply that changes nothing of web holds nobody back", async () => {
    expect(await bed().main.run("mastodon-compose config --hash web")).toBe(
      `web ${await bed().main.run(`docker inspect -f '{{index .Config.Labels "com.docker.compose.config-hash"}}' web`)}`,
    );
  });

  describe("streaming, which ends when a database goes away, answers a WebSocket again within 10 s", () => {
    /** What somebody gets who opens one now. */
    async function opened(token: string): Promise<string> {
      const { stdout } = await bed().main.attempt(
        `curl -sk --http1.1 --max-time 2 -o /dev/null -w '%{http_code}' --resolve ${WEB}:443:127.0.0.1 \
         -H 'Connection: Upgrade' -H 'Upgrade: websocket' -H 'Sec-WebSocket-Version: 13' -H 'Sec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==' \
         'https://${WEB}/api/v1/streaming?stream=public&access_token=${token}'`,
      );
      return stdout;
    }

    test.each([
      "systemctl restart pgbouncer",
      "systemctl kill --signal KILL pgbouncer",
      "systemctl restart postgresql@17-main",
      "systemctl stop redis-server && sleep 15 && systemctl start redis-server",
    ])("%s", async (happen) => {
      const token = await someonesToken(bed().main);
      expect(await opened(token)).toBe("101");
      // People come back at once, and meet what is not there yet.
      let over = false;
      const people = (async () => {
        while (!over) {
          await opened(token);
          await sleep(500);
        }
      })();
      try {
        await bed().main.run(happen, { timeout: 150 });
      } finally {
        over = true;
        await people;
      }
      await bed().main.waitFor("a WebSocket", 10, async () => (await opened(token)) === "101");
      await bed().main.run("mastodon-ready 60");
    });
  });

  test("a crash of a database holds back neither requests nor jobs, and is over by itself", async () => {
    const started = () =>
      bed().main.run("systemctl show -P InvocationID mastodon-traffic.service mastodon-release.service");
    const before = await started();
    for (const unit of ["redis-server", "redis-server@cache", "pgbouncer", "postgresql@17-main"]) {
      await bed().main.run(`systemctl kill --signal KILL ${unit}`);
      await bed().main.run("mastodon-ready 120", { timeout: 130 });
    }
    expect(await started()).toBe(before);
  });
}
