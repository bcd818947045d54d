/** What the watch costs, what it opens, and what a source that runs wild can do to it. */
import { cpuSeconds, memoryMiB } from "../../../lab/unitCost";
import { WATCH_UNITS } from "../../../services/watch";
import type { Watched } from "./bed";

/** The plan reckons with so much for all of them (services/watch.ts). */
const BUDGET_MIB = 192;
const PROMETHEUS_MOST_MIB = 192;

export function costTests(watched: () => Watched): void {
  test("it listens on loopback alone, and on no port that nobody named", async () => {
    const lines = (await watched().main.run("ss -ltnpH")).trim().split("\n");
    const own = lines.filter((line) => /prometheus|probe|alertmanager/.test(line));
    expect(own.map((line) => line.split(/\s+/)[3]).sort()).toEqual([
      "127.0.0.1:9090",
      "127.0.0.1:9093",
      "127.0.0.1:9100",
    ]);
    expect((await watched().main.run("ss -lunpH")).match(/prometheus|probe|alertmanager/)).toBeNull();
  });

  test("it takes no more memory than the plan reckons with, and 2 % of a core at the most", async () => {
    const { main } = watched();
    const before = await cpuSeconds(main, WATCH_UNITS);
    await new Promise((resolve) => setTimeout(resolve, 60_000));
    const share = ((await cpuSeconds(main, WATCH_UNITS)) - before) / 60;
    const memory = Object.fromEntries(
      await Promise.all(WATCH_UNITS.map(async (unit) => [unit, await memoryMiB(main, unit)] as const)),
    );
    const series = (await watched().query("prometheus_tsdb_head_series"))[""];
    process.stdout.write(
      `    the watch: ${JSON.stringify(memory)} MiB, ${(100 * share).toFixed(2)} % of a core, ${series} series\n`,
    );
    const total = Object.values(memory).reduce((sum, mib) => sum + mib, 0);
    expect(total).toBeGreaterThan(20);
    expect(total).toBeLessThanOrEqual(BUDGET_MIB);
    expect(share).toBeGreaterThan(0);
    expect(share).toBeLessThanOrEqual(0.02);
  });

  test("a flood of series is refused, told of, and costs Prometheus no memory", async () => {
    const { main } = watched();
    const flood = (series: number) =>
      main.run(
        `seq ${series} | awk '{ print "flood{n=\\"" $1 "\\"} 1" }' >/run/mastodon-probe/flood.new && mv /run/mastodon-probe/flood.new /run/mastodon-probe/flood.prom`,
      );
    // More than may be kept in an answer that may be read, then an answer that is too long.
    for (const series of [20_000, 200_000]) {
      await flood(series);
      await watched().until('up{job="node"}', { "": 0 }, 60);
      // A few scrapes more.
      await new Promise((resolve) => setTimeout(resolve, 40_000));
    }
    expect(await watched().query("count(flood)")).toEqual({});
    // Those of the first flood were marked as stale: they stay in memory until the next compaction.
    const series = (await watched().query("prometheus_tsdb_head_series"))[""];
    process.stdout.write(
      `    after the flood ${series} series, ${await memoryMiB(main, "prometheus")} MiB\n`,
    );
    expect(series).toBeLessThan(30_000);
    expect(await memoryMiB(main, "prometheus")).toBeLessThan(PROMETHEUS_MOST_MIB);
    expect(
      Object.keys(await watched().query('ALERTS{alertname="MeasurementMissing"}')).length,
    ).toBeGreaterThan(0);
    await main.run("rm /run/mastodon-probe/flood.prom");
    await watched().until('up{job="node"}', { "": 1 }, 60);
  }, 300_000);

  test("a Prometheus that was killed for its memory begins without what it had in it", async () => {
    const { main } = watched();
    // The kernel of a test machine may not count a service's memory: systemd's part is played here.
    const restarted = async (result: string) => {
      await main.run(
        `systemctl stop prometheus.service
         SERVICE_RESULT=${result} runuser -u prometheus -- sh -c "$(sed -n 's/^ExecStopPost=//p' /etc/systemd/system/prometheus.service.d/mastodon-host.conf)"
         systemctl start prometheus.service`,
      );
      await watched().until('up{job="node"}', { "": 1 }, 120);
      return (await watched().query("prometheus_tsdb_head_series"))[""];
    };
    expect(await restarted("success")).toBeGreaterThan(15_000);
    expect(await restarted("oom-kill")).toBeLessThan(3000);
  }, 300_000);
}
