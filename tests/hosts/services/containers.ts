/** Containers that end or hang: each comes back by itself, and nothing but systemd's order starts them. */
import { setTimeout as sleep } from "node:timers/promises";
import type { Beds } from "./bed";

export function containerTests(bed: Beds): void {
  const startedAt = async (name: string) =>
    (
      await bed().main.run(`docker inspect --format '{{.State.Running}} {{.State.StartedAt}}' ${name}`)
    ).trim();
  /** Until it runs again, as another process. */
  const back = async (name: string, before: string, seconds: number) => {
    await bed().main.waitFor(`${name} to run again`, seconds, async () => {
      const now = await startedAt(name);
      return now.startsWith("true ") && now !== before;
    });
  };
  const journal = () => bed().main.run("journalctl -q -o cat -u mastodon-watch.service");

  test("every container passes its own health check", async () => {
    await bed().main.waitFor("healthy containers", 120, async () => {
      const others = await bed().main.run(
        "docker ps --format '{{.Names}} {{.Status}}' | grep -v '(healthy)' || true",
      );
      return others === "";
    });
  });

  test.each([
    ["streaming, with code 0, as it does on trouble with a database", "streaming", "TERM"],
    ["web, killed", "web", "KILL"],
    ["a Sidekiq, in order", "sidekiq-push-1", "TERM"],
    ["a Sidekiq, killed", "sidekiq-push-1", "KILL"],
  ])("a container that ends is started again: %s", async (_, name, signal) => {
    const before = await startedAt(name);
    await bed().main.run(`docker kill --signal ${signal} ${name}`);
    await back(name, before, 20);
    expect(await journal()).toContain(`${name} has ended and is started again\n`);
    await bed().main.run("mastodon-ready 60");
  });

  test("streaming that ends again and again is started again and again, with pauses; when the reason is gone it answers within 10 s", async () => {
    const end = Date.now() + 15_000;
    while (Date.now() < end) {
      await bed().main.attempt("docker kill --signal TERM streaming");
      await sleep(200);
    }
    await bed().main.waitFor("streaming", 10, async () =>
      (
        await bed().main.attempt(
          "curl -s -m 2 -o /dev/null -w '%{http_code}' http://127.0.0.1:4000/api/v1/streaming/health",
        )
      ).stdout.startsWith("200"),
    );
  });

  test.each(["web", "streaming", "sidekiq-push-1"])("%s hangs: it is restarted", async (name) => {
    const before = await startedAt(name);
    await bed().main.run(`docker top ${name} -o pid | tail -n +2 | xargs kill -STOP`);
    await back(name, before, 120);
    expect(await journal()).toContain(`${name} does not answer its health checks and is restarted\n`);
    await bed().main.run("mastodon-ready 60");
  });

  test("streaming that cannot reach the database is not ready, although its health page says so", async () => {
    const rule = "inet mastodon output meta skuid 991 tcp dport 6432 reject with tcp reset";
    await bed().main.run(`nft insert rule ${rule} && docker restart --time 5 streaming`);
    await bed().main.waitFor("streaming", 20, async () =>
      (
        await bed().main.attempt("curl -fsS -m 2 http://127.0.0.1:4000/api/v1/streaming/health")
      ).stdout.startsWith("OK"),
    );
    const said = await bed().main.attempt("mastodon-ready 4 2>&1");
    expect(said.stdout).toContain("waited 4 s for streaming to reach the database");
    await bed().main.run("systemctl reload nftables.service && mastodon-ready 60");
  });

  test("one that is made or stopped by compose, or stopped with Mastodon, is left to those", async () => {
    await bed().main.run("systemctl stop mastodon.service && sleep 5");
    expect(await bed().main.run("docker ps --quiet")).toBe("");
    await bed().main.run("systemctl start mastodon.service && mastodon-ready 60");
    expect(await bed().main.run("systemctl is-active mastodon-watch mastodon-traffic mastodon-release")).toBe(
      "active\nactive\nactive\n",
    );
  });

  test("its keeper dies: no container stops for that", async () => {
    const before = await startedAt("web");
    await bed().main.run("systemctl kill --signal KILL mastodon-watch.service && sleep 4");
    expect(await bed().main.run("systemctl is-active mastodon-watch.service")).toBe("active\n");
    expect(await startedAt("web")).toBe(before);
  });
}
