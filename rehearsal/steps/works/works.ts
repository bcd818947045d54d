/** What people and jobs need: a post reaches a worker and comes back, media, mail, streaming; and what needs nobody. */
import { sql } from "../../databases";
import { until } from "../../until";
import type { Step } from "../step";
import { mail } from "./mail";
import { media } from "./media";
import { runs } from "./runs";
import { streaming } from "./streaming";

export const works: Step = async (inputs) => {
  const { rehearsal, report } = inputs;
  const main = rehearsal.main();

  await runs(inputs);
  if (rehearsal.args.images === "real") return true;

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

  await media(inputs);
  await mail(inputs);
  await streaming(inputs);
  return true;
};
