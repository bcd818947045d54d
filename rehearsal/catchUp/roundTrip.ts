import type { Rehearsal } from "../rehearsal";

/** Milliseconds of a round trip from a worker to main over the tailnet: what a TCP connection to Redis takes, the middle of twenty. */
export async function roundTrip(rehearsal: Rehearsal): Promise<number> {
  const [worker] = rehearsal.workers();
  if (!worker) throw new Error("the stack has no worker");
  const address = await rehearsal.tailnetAddress(rehearsal.site.hostnames.main);
  const script = `
import socket, statistics, time
def once():
    began = time.monotonic()
    socket.create_connection(("${address}", 6379), 5).close()
    return time.monotonic() - began
print(1000 * statistics.median(once() for _ in range(20)))`;
  return Number(await worker.run("python3 -", { input: script }));
}
