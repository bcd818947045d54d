/** Streaming: an open page gets what others post. */
import { setTimeout as sleep } from "node:timers/promises";
import type { Inputs } from "../step";

export async function streaming(world: Inputs<"instance">): Promise<void> {
  const { report } = world;
  const { instance } = world;
  await report.check("an open page gets new posts, by WebSocket from the internet", async () => {
    let closed = false;
    const heard = instance.hear().finally(() => {
      closed = true;
    });
    // Awaited below.
    heard.catch(() => undefined);
    const posted = new Map<string, number>();
    while (!closed) {
      posted.set(await instance.post("to whom it may concern"), Date.now());
      await sleep(500);
    }
    const { at, id } = await heard;
    const start = posted.get(id);
    if (start === undefined) throw new Error(`not one of ours: ${id}`);
    return `${Math.max(0, at - start)} ms after the post was answered`;
  });
}
