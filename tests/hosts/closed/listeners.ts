/** What listens where, and what it asks for. */
import type { Machine } from "../../../lab/machine";
import { tailnetAddresses } from "../tailnet";
import type { Pairs } from "./bed";

/** `address port` of everything that listens beyond loopback. */
async function beyondLoopback(machine: Machine, kind: "t" | "u"): Promise<string[]> {
  const lines = (await machine.run(`ss -l${kind}nH`)).trim().split("\n");
  const ends = lines.map((line) => /^(.*?)(%\w+)?:(\d+)$/.exec(line.trim().split(/\s+/)[3] ?? "") ?? []);
  return ends
    .filter(([, address = ""]) => !/^127\.|^\[::1\]$/.test(address))
    .map(([, address, , port]) => `${address} ${port}`)
    .sort();
}

const everywhere = (...ports: number[]) => ports.flatMap((port) => [`0.0.0.0 ${port}`, `[::] ${port}`]);

export function listenerTests(pair: Pairs): void {
  test("beyond loopback main listens on 22, 80, 443, and on its tailnet address for workers", async () => {
    const { v4 } = tailnetAddresses(pair().main.number);
    expect(await beyondLoopback(pair().main, "t")).toEqual(
      [...everywhere(22, 80, 443), `${v4} 6379`, `${v4} 6380`, `${v4} 6432`].sort(),
    );
    expect(await beyondLoopback(pair().main, "u")).toEqual(["0.0.0.0 41641"]);
  });

  test("beyond loopback a worker listens on 22", async () => {
    expect(await beyondLoopback(pair().worker, "t")).toEqual(everywhere(22));
    expect(await beyondLoopback(pair().worker, "u")).toEqual(["0.0.0.0 41641"]);
  });

  test("pgbouncer and both Redis refuse a wrong password and none, over the tailnet as on loopback", async () => {
    const { main, worker } = pair();
    const { v4 } = tailnetAddresses(main.number);
    for (const [machine, host] of [
      [worker, v4],
      [main, "127.0.0.1"],
    ] as const)
      for (const port of [6379, 6380]) {
        const redis = (environment: string) =>
          machine.attempt(`${environment} redis-cli -e -h ${host} -p ${port} PING`);
        expect(await redis("REDISCLI_AUTH=wrong")).toMatchObject({
          code: 1,
          stderr: expect.stringContaining("WRONGPASS"),
        });
        expect(await redis("")).toMatchObject({ code: 1, stderr: expect.stringContaining("NOAUTH") });
      }
    for (const host of [v4, "127.0.0.1"]) {
      const psql = (password: string, user = "mastodon", database = "mastodon") =>
        main.attempt(
          `PGPASSWORD='${password}' psql -qtAX -w -h ${host} -p 6432 -U ${user} -d ${database} -c 'SELECT 1'`,
        );
      expect((await psql("wrong")).stderr).toContain("SASL authentication failed");
      expect((await psql("")).code).toBe(2);
      expect((await psql("wrong", "postgres")).code).toBe(2);
      expect((await psql("wrong", "pgbouncer", "pgbouncer")).code).toBe(2);
    }
  });
}
