/** pgbouncer and both Redis on the tailnet address, whenever it comes. */
import type { Machine } from "../../../lab/machine";
import { give, tailnetAddresses } from "../tailnet";
import { ready, restarted, running } from "./ask";

/** Where workers are listened to: the addresses of pgbouncer, Redis and the cache's, sorted. */
export const listens = async (main: Machine): Promise<string[]> =>
  (await main.run("ss -ltnH '( sport = :6379 or sport = :6380 or sport = :6432 )' | awk '{ print $4 }'"))
    .trim()
    .split("\n")
    .sort();

const on = (...addresses: string[]): string[] =>
  [6379, 6380, 6432].flatMap((port) => addresses.map((address) => `${address}:${port}`)).sort();

export function addressTests(main: () => Machine): void {
  /** What its timer does every minute, once the daemon knows. */
  async function look(address: string): Promise<string[]> {
    await main().waitFor(address, 10, async () =>
      (await main().attempt("tailscale ip -4")).stdout.startsWith(address),
    );
    await ready(main());
    const before = await running(main());
    await main().run("systemctl start tailnet-address.service");
    await ready(main());
    // Streaming ends where it has a connection in its pool, and comes back.
    return restarted(before, await running(main())).filter((name) => name !== "/streaming");
  }

  /** pgbouncer takes an address with a restart, before which jobs end. */
  const RESTARTED = ["/sidekiq-push-1", "/sidekiq-scheduler-1", "pgbouncer.service"];

  test("unknown at first: they listen on loopback alone", async () => {
    expect(await listens(main())).toEqual(on("127.0.0.1"));
    expect(await main().run("systemctl is-active tailnet-address.timer")).toBe("active\n");
  });

  test("known later: they listen on it too, without a restart of Redis", async () => {
    const { v4 } = tailnetAddresses(main().number);
    give(main(), tailnetAddresses(main().number));
    expect(await look(v4)).toEqual(RESTARTED);
    expect(await listens(main())).toEqual(on("127.0.0.1", v4));
  });

  test("unchanged: nobody notices", async () => {
    expect(await look(tailnetAddresses(main().number).v4)).toEqual([]);
  });

  test("another one: they listen on that one, no longer on the old one", async () => {
    const { v4 } = tailnetAddresses(77);
    give(main(), tailnetAddresses(77));
    expect(await look(v4)).toEqual(RESTARTED);
    expect(await listens(main())).toEqual(on("127.0.0.1", v4));
  });
}
