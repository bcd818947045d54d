/** Streaming's stand-in ends as Mastodon's streaming server does: what the services around it have to live with. */
import type { Beds } from "./bed";

const ASKS = "curl -s -o /dev/null -w '%{http_code}'";
const WHOEVER = "http://127.0.0.1:4000/api/v1/streaming/user?access_token=nobodys";
const HEALTH = "http://127.0.0.1:4000/api/v1/streaming/health";

export function streamingTests(bed: Beds): void {
  /** Exit codes of streaming since then, by Docker's own events. */
  const ends = (since: string) =>
    bed().main.run(
      `docker events --since ${since} --until "$(date +%s.%N)" --filter container=streaming --filter event=die --format '{{.Actor.Attributes.exitCode}}'`,
    );
  const now = async () => (await bed().main.run("date +%s.%N")).trim();
  const answers = () =>
    bed().main.waitFor(
      "streaming",
      30,
      async () => (await bed().main.attempt(`${ASKS} ${HEALTH}`)).stdout === "200",
    );
  /** It lets an idle connection go after ten seconds. */
  const connections = async () =>
    Number(
      await bed().main.run(
        `ss -tnpH state established 'dport = :6432' | grep -c "pid=$(docker inspect -f '{{.State.Pid}}' streaming)," || true`,
      ),
    );

  test("a false token is answered with 401 while the database answers, and with 500 while it does not; health is 200 all the while", async () => {
    const start = await now();
    expect(await bed().main.run(`${ASKS} ${WHOEVER}`)).toBe("401");
    await bed().main.waitFor("its pool to be empty", 30, async () => (await connections()) === 0);
    await bed().main.run("systemctl stop pgbouncer");
    try {
      expect(await bed().main.run(`${ASKS} ${WHOEVER}; ${ASKS} ${HEALTH}`)).toBe("500200");
    } finally {
      await bed().main.run("systemctl start pgbouncer");
    }
    expect(await bed().main.run(`${ASKS} ${WHOEVER}`)).toBe("401");
    expect(await ends(start)).toBe("");
  });

  test("a pooled connection that pgbouncer ends is its end, with code 0", async () => {
    expect(await bed().main.run(`${ASKS} ${WHOEVER}`)).toBe("401");
    expect(await connections()).toBeGreaterThan(0);
    const start = await now();
    await bed().main.run("systemctl restart pgbouncer");
    await bed().main.waitFor("its end", 10, async () => (await ends(start)) === "0\n");
    await bed().main.run("docker start streaming");
    await answers();
    // The restart held Sidekiq back; the tests after this one need it.
    const ended =
      "docker ps --all --quiet --filter status=exited --filter label=com.docker.compose.oneoff=False";
    await bed().main.waitFor("Sidekiq", 60, async () => (await bed().main.run(ended)) === "");
  });
}
