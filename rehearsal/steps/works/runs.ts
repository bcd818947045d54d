/** With any images: every queue is served, the owner has an account, workers have their path to main, backups arrive. */
import { QUEUE_NAMES } from "../../../catalogue/queues";
import { sidekiqProcesses } from "../../../lab/databases";
import type { Inputs } from "../step";
import { backup } from "./backup";

export async function runs(world: Inputs<"instance" | "machines" | "s3" | "stack">): Promise<void> {
  const { report } = world;
  const main = world.machines.main();

  await report.check("every queue has a consumer, and one process serves scheduler", async () => {
    const processes = await sidekiqProcesses(main);
    const served = processes.flatMap(({ queues }) => queues);
    const missing = QUEUE_NAMES.filter((queue) => !served.includes(queue));
    if (missing.length > 0) throw new Error(`no consumer: ${missing.join(", ")}`);
    const schedulers = served.filter((queue) => queue === "scheduler").length;
    if (schedulers !== 1) throw new Error(`${schedulers} processes serve scheduler`);
    return `${processes.length} processes`;
  });

  await report.check("the owner's account exists, and its password is in a file of root's", async () => {
    await world.instance.ownersToken();
    const mode = await main.run("stat -c '%a %U' /root/owner-password");
    if (mode.trim() !== "600 root") throw new Error(mode);
  });

  await report.check("workers reach main on a direct path", async () => {
    for (const worker of world.machines.workers()) {
      const peer = world.stack.site.hostnames.main;
      const { stdout, stderr } = await worker.attempt(`tailscale ping --c 10 --until-direct ${peer}`);
      if (!/pong from .* via \d/.test(stdout)) throw new Error(`${worker.name}: ${stdout}${stderr}`);
    }
  });

  await backup(world);
}
