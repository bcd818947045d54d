/** Who hears what of a real main and its worker. */
import { SOURCES } from "../../../services/watch/alarms";
import { redis } from "../boot/ask";
import { AMTOOL, DOMAIN, type Watched } from "./bed";

const UNITS = ["prometheus", "prometheus-alertmanager", "prometheus-node-exporter", "mastodon-probe"];

export function heardTests(watched: () => Watched): void {
  test("the last consumer of a queue dies: a mail within two minutes, and another when it is back", async () => {
    const { main } = watched();
    await watched().unsilenced();
    await watched().until('ALERTS{alertname="QueueWithoutConsumer"}', {}, 60);
    const before = watched().mails().length;
    await main.run("systemctl stop mastodon-watch.service && docker kill -s KILL sidekiq-push-1");
    const killed = Date.now();
    const fresh = () => watched().mails().slice(before);
    await main.waitFor("a mail", 120, async () =>
      fresh().some(({ subject }) => subject === `critical: QueueWithoutConsumer at ${DOMAIN}`),
    );
    process.stdout.write(`    heard after ${Math.round((Date.now() - killed) / 1000)} s\n`);
    const mail = fresh().find(({ subject }) => subject.startsWith("critical: QueueWithoutConsumer"));
    expect(mail?.to).toEqual(["admin@lab.example"]);
    expect(mail?.text).toContain("No process serves push: its jobs wait.\n");
    expect(mail?.text).toContain("docs/alarms/QueueWithoutConsumer.md\n");
    const job = JSON.stringify({ class: "X", args: [], jid: "x", enqueued_at: Date.now() - 3_600_000 });
    await main.run("cat >/root/job", { input: job });
    await redis(main, "-x LPUSH queue:push </root/job");
    await watched().until(
      '(mastodon_queue_latency_seconds{queue="push"} > bool 3500) * mastodon_queue_backlog',
      { "queue=push": 1 },
      60,
    );
    await redis(main, "DEL queue:push");
    await main.run("systemctl start mastodon-watch.service");
    await main.waitFor("the end", 300, async () =>
      fresh().some(({ subject }) => subject === `over: QueueWithoutConsumer at ${DOMAIN}`),
    );
  }, 600_000);

  test("what is done on purpose is heard by nobody: a database restarts, and the silence ends by itself", async () => {
    const { main } = watched();
    const before = watched().mails().length;
    await main.run("systemctl restart redis-server.service", { timeout: 300 });
    const silences = async () =>
      JSON.parse(await main.run(`${AMTOOL} silence query -o json`)) as {
        comment: string;
        endsAt: string;
        matchers: object[];
      }[];
    const left = async () => {
      const [silence] = await silences();
      return silence ? Date.parse(silence.endsAt) - Date.now() : 0;
    };
    expect((await silences()).map(({ comment }) => comment)).toEqual(["restart"]);
    expect((await silences())[0]?.matchers).toEqual([
      { name: "alertname", value: "Watchdog", isEqual: false, isRegex: false },
    ]);
    expect(await left()).toBeGreaterThan(0);
    // Once main's release is published again.
    await main.waitFor("a short silence", 120, async () => (await left()) <= 5 * 60_000);
    expect(watched().mails().length).toBe(before);
    await main.run("mastodon-ready 180");
    await watched().unsilenced();
  }, 600_000);

  test("the heartbeat beats every minute, in a silence too", async () => {
    const { main } = watched();
    const beats = () => watched().heard<{ path: string; body: string }>("requests.jsonl");
    await main.run("/usr/local/lib/mastodon-host/silence test 5");
    const before = beats().length;
    expect(before).toBeGreaterThan(0);
    await main.waitFor("two beats", 150, async () => beats().length >= before + 2);
    for (const { path, body } of beats()) {
      expect(path).toBe("/heart");
      expect(JSON.parse(body).commonLabels.alertname).toBe("Watchdog");
    }
    await main.run("/usr/local/lib/mastodon-host/silence test 0");
    expect(await main.run(`${AMTOOL} silence query -q`)).toBe("");
  }, 300_000);

  test("each program of the watch comes back after it was killed", async () => {
    const { main } = watched();
    await main.run(`systemctl kill -s KILL ${UNITS.map((unit) => `${unit}.service`).join(" ")}`);
    await main.waitFor("all of them", 60, async () => {
      const { stdout } = await main.attempt(`systemctl is-active ${UNITS.join(" ")}`);
      return stdout === "active\n".repeat(UNITS.length);
    });
    await watched().until("sum(up)", { "": 4 }, 90);
    await watched().until("sum(mastodon_source_up)", { "": SOURCES.length + 1 }, 90);
  }, 300_000);
}
