/** What people and jobs need: a post's round trip through a worker, media, mail, streaming; and what runs without anyone. */
import { until } from "../../../tools/until";
import type { Inputs } from "../step";
import { mail } from "./mail";
import { media } from "./media";
import { runs } from "./runs";
import { streaming } from "./streaming";

export const works = async (
  world: Inputs<
    "browser" | "ffmpeg" | "folder" | "instance" | "machines" | "mail" | "outside" | "s3" | "stack"
  >,
) => {
  const { report } = world;
  const { instance } = world;

  await runs(world);

  await report.check("a post's fan-out is done by a worker, over the tailnet", async () => {
    const start = new Date();
    let worker: string | undefined;
    // Main is the fallback for every queue, so it may do some of the jobs.
    await until("the fan-out in a worker's log", 60, async () => {
      await instance.post("hello");
      worker = await instance.worker("DistributionWorker", start);
      return worker !== undefined;
    });
    return `by ${worker}, ${((Date.now() - start.getTime()) / 1000).toFixed(1)} s after the first post`;
  });

  await media(world);
  await mail(world);
  await streaming(world);
  return true;
};
