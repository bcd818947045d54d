/** What the internet, and each machine, cannot reach. */
import type { Machine } from "../machine";
import type { Rehearsal } from "../rehearsal";
import type { Step } from "./step";

/** Ports of an address that accept a TCP connection: all are tried, some thousands at once, each for a second. */
const SCAN = `
import select, socket, sys, time
address = sys.argv[1]
family = socket.AF_INET6 if ":" in address else socket.AF_INET
found = []
for first in range(1, 65536, 4096):
    waiting, sockets = select.epoll(), {}
    for port in range(first, min(first + 4096, 65536)):
        one = socket.socket(family, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
        one.connect_ex((address, port))
        sockets[one.fileno()] = port, one
        waiting.register(one, select.EPOLLOUT)
    end = time.monotonic() + 1
    while (left := end - time.monotonic()) > 0:
        for number, _ in waiting.poll(left):
            port, one = sockets[number]
            waiting.unregister(one)
            if one.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) == 0:
                found.append(port)
    for _, one in sockets.values():
        one.close()
print(*sorted(found))
`;

async function openFromOutside(rehearsal: Rehearsal, address: string): Promise<string> {
  const command = ["prlimit", "--nofile=8192", "python3", "-c", SCAN, address];
  return (await rehearsal.outside.run(command)).trim();
}

/** Of those ports of main's tailnet address, the ones that a machine gets a connection to. */
async function openToMain(rehearsal: Rehearsal, from: Machine, ports: readonly number[]): Promise<string> {
  const address = await rehearsal.tailnetAddress(rehearsal.site.hostnames.main);
  const probes = ports.map(
    (port) => `timeout 2 bash -c ': </dev/tcp/${address}/${port}' 2>/dev/null && echo ${port}`,
  );
  return (await from.attempt(`${probes.join("; ")}; true`)).stdout.trim().split("\n").join(" ");
}

function expectEqual(found: string, wanted: string): void {
  if (found !== wanted) throw new Error(`open: ${found || "nothing"}; should be: ${wanted || "nothing"}`);
}

export const closed: Step = async ({ rehearsal, report }) => {
  const main = rehearsal.main();
  const workers = rehearsal.workers();
  for (const [family, address] of [
    ["IPv4", main.address],
    ["IPv6", main.address6],
  ] as const) {
    await report.check(
      `of main's TCP ports the internet reaches 80 and 443 (${family}, all of them tried)`,
      async () => expectEqual(await openFromOutside(rehearsal, address), "80 443"),
    );
  }
  for (const worker of workers) {
    await report.check(
      `of ${worker.name}'s TCP ports the internet reaches none (IPv4 and IPv6, all of them tried)`,
      async () => {
        expectEqual(await openFromOutside(rehearsal, worker.address), "");
        expectEqual(await openFromOutside(rehearsal, worker.address6), "");
      },
    );
  }
  const ports = [22, 80, 443, 3000, 4000, 5432, 6379, 6380, 6432, 9400];
  await report.check(
    "over the tailnet a worker reaches main's pgbouncer and Redis, and nothing else",
    async () => {
      for (const worker of workers) expectEqual(await openToMain(rehearsal, worker, ports), "6379 6380 6432");
    },
  );
  await report.check("over the tailnet main reaches nothing of a worker", async () => {
    for (const { hostname } of rehearsal.workerHosts()) {
      const address = await rehearsal.tailnetAddress(hostname);
      const { code } = await main.attempt(`timeout 2 bash -c ': </dev/tcp/${address}/22'`);
      if (code === 0) throw new Error(`main gets a connection to ${hostname}:22`);
    }
  });
  return report.check("the metadata service answers root and nobody else, a container neither", async () => {
    const ask =
      "curl -s -o /dev/null -w '%{http_code}' --max-time 3 http://169.254.169.254/metadata/v1/user-data";
    const asked = {
      root: await main.attempt(ask),
      "www-data": await main.attempt(`runuser -u www-data -- ${ask}`),
      container: await main.attempt(`docker exec web ${ask}`),
    };
    const answers = Object.entries(asked).map(([who, { stdout }]) => `${who} ${stdout}`);
    expectEqual(answers.join(", "), "root 200, www-data 000, container 000");
  });
};
