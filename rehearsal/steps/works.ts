/** What people and jobs need: a post reaches a worker and comes back, every queue is served, the scheduler runs once. */
import { QUEUE_NAMES } from "../../capacity/queues";
import { until } from "../until";
import type { Step } from "./step";

export const works: Step = async ({ rehearsal, report }) => {
  const main = rehearsal.main();
  const sql = (query: string) =>
    main.run(`runuser -u postgres -- psql -qtAX -d mastodon -c "${query}"`).then((text) => text.trim());
  const redis = (command: string) =>
    main.run(
      `REDISCLI_AUTH=$(cat /etc/mastodon-host/secrets/redis-password) redis-cli --no-auth-warning ${command}`,
    );

  await report.check("a post's fan-out is done by a worker, over the tailnet", async () => {
    const start = Date.now();
    const hosts = new Set<string>();
    // Main is the fallback of every queue: some of the jobs may be its.
    await until("a row with a worker's name", 60, async () => {
      const { stdout, code, stderr } = await rehearsal.web("/api/v1/statuses", "--data", "status=hello");
      if (code !== 0) throw new Error(`the post was refused: ${stdout}${stderr}`);
      const rows = await sql("SELECT DISTINCT host FROM deliveries");
      for (const host of rows.split("\n")) hosts.add(host);
      return [...hosts].some((host) => host.includes("-general-") || host.includes("-default-"));
    });
    return `${((Date.now() - start) / 1000).toFixed(1)} s after the first post`;
  });

  await report.check("every queue has a consumer, and one process serves scheduler", async () => {
    const processes = (await redis("SMEMBERS processes")).trim().split("\n");
    const served: string[] = [];
    for (const process of processes) {
      const info = JSON.parse((await redis(`HGET '${process}' info`)).trim()) as { queues: string[] };
      served.push(...info.queues);
    }
    const missing = QUEUE_NAMES.filter((queue) => !served.includes(queue));
    if (missing.length > 0) throw new Error(`no consumer: ${missing.join(", ")}`);
    const schedulers = served.filter((queue) => queue === "scheduler").length;
    if (schedulers !== 1) throw new Error(`${schedulers} processes serve scheduler`);
    return `${processes.length} processes`;
  });

  await report.check("the owner's account is there, and its password in a file of root's", async () => {
    rehearsal.dns.set(rehearsal.ownerDomain, rehearsal.site.ipv4);
    await main.run("systemctl start owner-account.service");
    const mode = await main.run("stat -c '%a %U' /root/owner-password");
    if (mode.trim() !== "600 root") throw new Error(mode);
  });

  return report.check("workers reach main on a direct path", async () => {
    for (const worker of rehearsal.workers()) {
      const peer = rehearsal.site.hostnames.main;
      const { stdout, stderr } = await worker.attempt(`tailscale ping --c 10 --until-direct ${peer}`);
      if (!/pong from .* via \d/.test(stdout)) throw new Error(`${worker.name}: ${stdout}${stderr}`);
    }
  });
};
