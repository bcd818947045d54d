/** The page on a real main: who reaches it, what it is given, and what that costs. */

import type { Machine } from "../../../lab/machine";
import { SECTIONS } from "../../../services/watch/panels";
import { QUERIES } from "../../../services/watch/queries";
import { tailnetAddresses } from "../tailnet";
import type { Watched } from "./bed";

const PORT = 9080;

export function pageTests(watched: () => Watched): void {
  const address = () => tailnetAddresses(watched().main.number).v4;
  const url = (path = "") => `http://${address()}:${PORT}/${path}`;
  const status = async (from: Machine, target: string) =>
    (await from.attempt(`curl -s -o /dev/null -w '%{http_code}' --max-time 5 '${target}'`)).stdout;

  test("it listens on loopback and on the tailnet address, and follows the address", async () => {
    const { main } = watched();
    const listens = async () =>
      (await main.run(`ss -ltnH '( sport = :${PORT} )' | awk '{ print $4 }'`)).trim().split("\n").sort();
    await main.waitFor(url(), 90, async () => (await listens()).length === 2);
    expect(await listens()).toEqual([`${address()}:${PORT}`, `127.0.0.1:${PORT}`].sort());
    // As after a change of address: what its timer does every minute.
    const known = main.read("/etc/redis/tailnet.conf");
    main.write("/etc/redis/tailnet.conf", "bind 127.0.0.1 100.64.0.99\n");
    await main.run("/usr/local/lib/mastodon-host/page-address");
    const on = async (own: string) => {
      // nginx closes the old one once its new processes run.
      const expected = [`${own}:${PORT}`, `127.0.0.1:${PORT}`].sort().join(" ");
      await main.waitFor(expected, 20, async () => (await listens()).join(" ") === expected);
    };
    await on("100.64.0.99");
    main.write("/etc/redis/tailnet.conf", known);
    await main.run("systemctl start tailnet-address.service");
    await on(address());
  }, 240_000);

  test("over the tailnet it answers; from the internet, main's port is closed", async () => {
    const { lab, main, worker } = watched();
    expect(await status(worker, url())).toBe("200");
    expect(await status(worker, url("api/v1/query?query=up"))).toBe("404");
    expect(await status(worker, url("etc/passwd"))).toBe("404");
    const outside = lab.network.run(["curl", "-s", "--max-time", "3", `http://${main.address}:${PORT}/`]);
    await expect(outside).rejects.toThrow();
    // By the site's own names it is nobody's.
    const asSite = `curl -s -o /dev/null -w '%{http_code}' -H 'Host: social.example.org' http://127.0.0.1:${PORT}/`;
    expect(await main.run(asSite)).toBe("421");
  });

  test("every curve of its list is measured on this main", async () => {
    const { main } = watched();
    const wanted = SECTIONS.flatMap(({ panels }) =>
      panels.flatMap((panel) => panel.curves.map((curve) => `${panel.name}.${curve.name}`)),
    );
    let missing = wanted;
    await main
      .waitFor("every curve", 100, async () => {
        const { data } = JSON.parse(await main.run(`curl -fsS http://127.0.0.1:${PORT}/now`));
        const found = new Set(data.result.map(({ metric }: { metric: { curve: string } }) => metric.curve));
        missing = wanted.filter((name) => !found.has(name));
        return missing.length === 0;
      })
      .catch((error: Error) => {
        throw new Error(`${error.message}; missing: ${missing.join(", ")}`);
      });
    expect(await main.run(`curl -fsS http://127.0.0.1:${PORT}/alarms`)).toContain('"Watchdog"');
    expect(JSON.parse(await main.run(`curl -fsS http://127.0.0.1:${PORT}/prediction.json`))).toHaveProperty(
      "queues.default.course",
    );
  }, 600_000);

  test("a look costs Prometheus less than a second, and no answer is large", async () => {
    const { main } = watched();
    const cpu = async () => Number(await main.run("systemctl show -P CPUUsageNSec prometheus.service")) / 1e9;
    const before = await cpu();
    const sizes: Record<string, string> = {};
    for (const path of Object.keys(QUERIES))
      sizes[path] = await main.run(
        `curl -fsS --compressed -o /dev/null -w '%{size_download} bytes in %{time_total} s' http://127.0.0.1:${PORT}${path}`,
      );
    const took = (await cpu()) - before;
    process.stdout.write(`    a look: ${took.toFixed(2)} s of CPU; ${JSON.stringify(sizes)}\n`);
    expect(took).toBeLessThan(1);
    for (const size of Object.values(sizes)) expect(Number.parseInt(size, 10)).toBeLessThan(256 * 1024);
  });
}
