/** What is measured on a real main and its worker. */
import { SOURCES } from "../../../services/watch/alarms";
import { sql } from "../boot/ask";
import { AMTOOL, DOMAIN, type Watched } from "./bed";

export function measuredTests(watched: () => Watched): void {
  test("an apply is silent, and its end is soon", async () => {
    const silences = JSON.parse(await watched().main.run(`${AMTOOL} silence query -o json`)) as {
      comment: string;
      endsAt: string;
    }[];
    // Mastodon's first start published its release.
    expect(silences.map(({ comment }) => comment)).toContain("apply");
    for (const { endsAt } of silences)
      expect(Date.parse(endsAt) - Date.now()).toBeLessThanOrEqual(5 * 60_000);
  });

  test("every source answers, those of the worker too", async () => {
    const { main, worker } = watched();
    await sql(main, "INSERT INTO statuses (text, visibility, local) VALUES ('hello', 0, false)");
    await watched().until("sum(mastodon_source_up)", { "": SOURCES.length + 1 }, 120);
    expect(await watched().query("up == 0")).toEqual({});
    expect(Object.keys(await watched().query("mastodon_source_up")).sort()).toEqual(
      [...[...SOURCES].sort(), worker.name].map((source) => `source=${source}`),
    );
    expect(await watched().query("mastodon_pool_machines")).toEqual({ "pool=default": 1 });
    expect(await watched().query("mastodon_machine_processes - mastodon_machine_processes_planned")).toEqual({
      [`machine=${main.name},pool=main`]: 0,
      [`machine=${worker.name},pool=default`]: 0,
    });
    expect(await watched().query("mastodon_queue_processes")).toEqual({
      "queue=default": 2,
      "queue=fasp": 1,
      "queue=ingress": 1,
      "queue=mailers": 1,
      "queue=pull": 1,
      "queue=push": 1,
      "queue=scheduler": 1,
    });
    const disks = await watched().query("mastodon_machine_disk_free_bytes > 0");
    expect(Object.keys(disks).sort()).toEqual(
      [
        `machine=${main.name},mount=/,pool=main`,
        `machine=${main.name},mount=/srv/data,pool=main`,
        `machine=${worker.name},mount=/,pool=default`,
      ].sort(),
    );
    await watched().until("time() - mastodon_newest_post_timestamp_seconds < bool 300", { "": 1 }, 90);
    expect(await watched().query("mastodon_postgres_connections > bool 0")).toEqual({ "": 1 });
    expect(await watched().query("mastodon_postgres_memory_bytes > bool 10e6")).toEqual({ "": 1 });
    expect(await watched().query("mastodon_release")).toEqual({ "phase=done,version=v4.7.3": 1 });
    expect(
      (await watched().query("(mastodon_certificate_expiry_timestamp_seconds - time()) / 86400"))[""],
    ).toBeGreaterThan(3000);
  });

  test("requests of the web interface count by their status, and others do not", async () => {
    const count = async () => {
      const found = await watched().query("mastodon_web_requests_total");
      return (found["code=2xx"] ?? 0) + (found["code=4xx"] ?? 0);
    };
    // What came before has been counted by then.
    await new Promise((resolve) => setTimeout(resolve, 40_000));
    const before = await count();
    const get = (name: string, path: string) =>
      watched().main.run(`curl -sk -o /dev/null --resolve ${name}:443:127.0.0.1 https://${name}${path}`);
    for (let i = 0; i < 5; i++) await get(DOMAIN, "/health");
    await get(`media.${DOMAIN}`, "/nothing").catch(() => undefined);
    await watched().main.waitFor("five requests", 60, async () => (await count()) >= before + 5);
    expect(await count()).toBe(before + 5);
  });
}
