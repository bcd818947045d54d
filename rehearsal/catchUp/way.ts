/** The network path from a worker to main over the tailnet, as it is here. */
import type { Machine } from "../../lab/machine";
import type { Needs } from "../world";
import { cpuSeconds } from "./cores";

export interface Way {
  /** Milliseconds of a round trip: the time of a TCP connection to Redis, the median of twenty. */
  rttMs: number;
  /** Milliseconds of a core that tailscaled uses for a round trip, the mean of both ends. */
  tailnetMs: number;
}

/** All on main. */
export const NO_WAY: Way = { rttMs: 0, tailnetMs: 0 };

/** Enough round trips to measure tailscaled's CPU, which is counted in hundredths of a second. */
const QUESTIONS = 2000;

export async function roundTrip(world: Needs<"machines" | "plane" | "stack">): Promise<number> {
  return Number(
    await python(
      world,
      `
def once():
    began = time.monotonic()
    socket.create_connection((main, 6379), 5).close()
    return time.monotonic() - began
print(1000 * statistics.median(once() for _ in range(20)))`,
    ),
  );
}

export async function wayToMain(world: Needs<"machines" | "plane" | "stack">): Promise<Way> {
  const taken = () =>
    [world.machines.main(), workerOf(world)].reduce((sum, machine) => sum + tailscaled(machine), 0);
  const rttMs = await roundTrip(world);
  const before = taken();
  // Redis also answers clients without a password: with a refusal.
  await python(
    world,
    `
connection = socket.create_connection((main, 6379), 5)
for _ in range(${QUESTIONS}):
    connection.sendall(b"PING\\r\\n")
    if not connection.recv(100).startswith(b"-NOAUTH"):
        raise SystemExit("Redis says something else")`,
  );
  return { rttMs, tailnetMs: ((taken() - before) * 1000) / 2 / QUESTIONS };
}

async function python(world: Needs<"machines" | "plane" | "stack">, script: string): Promise<string> {
  const address = await world.plane.addressOf(world.stack.site.hostnames.main);
  const input = `import socket, statistics, time\nmain = "${address}"${script}`;
  return workerOf(world).run("python3 -", { input });
}

function workerOf(world: Needs<"machines">): Machine {
  const [worker] = world.machines.workers();
  if (!worker) throw new Error("the stack has no worker");
  return worker;
}

function tailscaled(machine: Machine): number {
  const [pid] = machine.processes(/^\/usr\/sbin\/tailscaled/);
  if (pid === undefined) throw new Error(`${machine.name} runs no tailscaled`);
  return cpuSeconds(pid);
}
