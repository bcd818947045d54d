/** What people and jobs need: a post reaches a worker and comes back, media, mail, streaming; every queue is served. */
import { QUEUE_NAMES } from "../../../capacity/queues";
import { sidekiqProcesses, sql } from "../../databases";
import { until } from "../../until";
import type { Step } from "../step";
import { backup } from "./backup";
import { mail } from "./mail";
import { media } from "./media";
import { streaming } from "./streaming";

export const works: Step = async (inputs) => {
  const { rehearsal, report } = inputs;
  const main = rehearsal.main();

  await report.check("a post's fan-out is done by a worker, over the tailnet", async () => {
    const start = Date.now();
    const hosts = new Set<string>();
    // Main is the fallback of every queue: some of the jobs may be its.
    await until("a row with a worker's name", 60, async () => {
      const { stdout, code, stderr } = await rehearsal.web("/api/v1/statuses", "--data", "status=hello");
      if (code !== 0) throw new Error(`the post was refused: ${stdout}${stderr}`);
      for (const host of await sql(main, "SELECT DISTINCT host FROM deliveries")) hosts.add(host);
      return [...hosts].some((host) => host.includes("-general-") || host.includes("-default-"));
    });
    return `${((Date.now() - start) / 1000).toFixed(1)} s after the first post`;
  });

  await report.check("every queue has a consumer, and one process serves scheduler", async () => {
    const processes = await sidekiqProcesses(main);
    const served = processes.flatMap(({ queues }) => queues);
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

  await media(inputs);
  await mail(inputs);
  await streaming(inputs);
  await backup(inputs);

  return report.check("workers reach main on a direct path", async () => {
    for (const worker of rehearsal.workers()) {
      const peer = rehearsal.site.hostnames.main;
      const { stdout, stderr } = await worker.attempt(`tailscale ping --c 10 --until-direct ${peer}`);
      if (!/pong from .* via \d/.test(stdout)) throw new Error(`${worker.name}: ${stdout}${stderr}`);
    }
  });
};
