/** The look from outside: a real worker at a real main's ports, and main at the worker's. */
import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";
import type { Machine } from "../../../lab/machine";
import { redis } from "../boot/ask";
import type { Watched } from "./bed";

const METADATA = "169.254.169.254";
const UNIT = "mastodon-open-ports.service";
/** Some twenty times as fast as in earnest, which is slow on purpose, and not all ports: open_ports_test.py counts those. */
const QUICK = "[Service]\nEnvironment=PORTS_PER_SECOND=2000 LAST_PORT=9000\nCPUQuota=\nLimitNOFILE=65536\n";
const LOOK_SECONDS = 900;
const LATE = { port: 4444, listener: "python3 -m http.server --bind ::" };

/** Waits until it has ended; what this turn said of each address. */
async function look(machine: Machine): Promise<string> {
  const before = await machine.run("journalctl --sync; journalctl -q -n 1 -o json | jq -r .__CURSOR");
  await machine.run(`systemctl start ${UNIT}`, { timeout: LOOK_SECONDS });
  return machine.run(
    `journalctl --sync; journalctl -q -u ${UNIT} --after-cursor='${before.trim()}' -o cat -t open-ports`,
  );
}

const open = ({ port, listener }: typeof LATE) =>
  `nft add element inet mastodon public_tcp { ${port} } && systemd-run --quiet --unit=listens ${listener} ${port}`;
const close = ({ port }: typeof LATE) =>
  `nft delete element inet mastodon public_tcp { ${port} } && systemctl stop listens`;

export function portsTests(watched: () => Watched): void {
  let service: ChildProcess;

  beforeAll(async () => {
    const { main, worker, lab } = watched();
    await lab.network.run(["ip", "address", "add", `${METADATA}/32`, "dev", "droplets"]);
    const [command = "", ...args] = lab.network.inside(["python3", join(__dirname, "metadata.py"), METADATA]);
    service = spawn(command, args, { stdio: "ignore" });
    for (const machine of [main, worker]) {
      await machine.run(
        `mkdir -p /run/systemd/system/${UNIT}.d && cat >/run/systemd/system/${UNIT}.d/quick.conf
         systemctl daemon-reload && systemctl stop mastodon-open-ports.timer ${UNIT}`,
        { input: QUICK },
      );
    }
  }, 60_000);
  afterAll(() => service?.kill("SIGKILL"));

  const at = (machine: Machine, address: string) =>
    `address=${address},machine=${machine.name},pool=${machine === watched().main ? "main" : "default"}`;
  const both = (machine: Machine) => [machine.address, machine.address6];
  /** A day later, as far as the look at that address is concerned. */
  const dayLater = (address: string) =>
    watched().main.run(
      `export REDISCLI_AUTH=$(cat /etc/mastodon-host/secrets/redis-password)
       redis-cli HGET mastodon-hosting:looks ${address} | jq -c '.at -= 86400' | redis-cli -x HSET mastodon-hosting:looks ${address}`,
    );

  test("until somebody has looked it counts as not looked at, and nothing is said of the ports", async () => {
    const { main, worker } = watched();
    await watched().until(
      'mastodon_port_look_timestamp_seconds{address="unknown"} > bool 0',
      { [at(main, "unknown")]: 1, [at(worker, "unknown")]: 1 },
      150,
    );
    const note = "/usr/local/lib/mastodon-host/open-ports addresses";
    await main.run(`PUBLIC_TCP='80 443' ${note}`);
    await worker.run(note);
    await watched().until(
      "count(mastodon_port_look_timestamp_seconds) by (address) == 1",
      Object.fromEntries([...both(main), ...both(worker)].sort().map((address) => [`address=${address}`, 1])),
      150,
    );
    expect(await watched().query("mastodon_ports_open")).toEqual({});
  }, 400_000);

  test("a worker finds all of main's ports closed that should be, and main the one that is open on a worker", async () => {
    const { main, worker } = watched();
    await worker.run(open({ ...LATE, port: 8080 }));
    const [ofMain, ofWorker] = await Promise.all([look(worker), look(main)]);
    for (const address of both(main))
      expect(ofMain).toContain(`${address}: nothing is open that should not be`);
    for (const address of both(worker))
      expect(ofWorker).toContain(`${address}: open, and should not be: 8080`);
    await watched().until(
      "mastodon_ports_open",
      Object.fromEntries(
        [
          ...both(main).map((one) => [at(main, one), 0]),
          ...both(worker).map((one) => [at(worker, one), 1]),
        ].sort(),
      ),
      150,
    );
    await watched().until(
      'ALERTS{alertname="PortOpen"}',
      Object.fromEntries(
        both(worker)
          .map((address) => [
            `address=${address},alertname=PortOpen,alertstate=firing,machine=${worker.name},pool=default,port=8080,severity=critical`,
            1,
          ])
          .sort(),
      ),
      60,
    );
    // Closed again: the next hour's look, which is at these ports alone, sees it.
    await worker.run(close({ ...LATE, port: 8080 }));
    const begun = Date.now();
    expect(await look(main)).toContain(`${worker.address}: nothing is open that should not be`);
    expect(Date.now() - begun).toBeLessThan(60_000);
    await watched().until('ALERTS{alertname="PortOpen"}', {}, 150);
  }, 2_400_000);

  test("a port that is opened on main by hand is named a day later, and not once it is closed", async () => {
    const { main, worker } = watched();
    // Nothing is due yet.
    expect(await look(worker)).toBe("");
    await main.run(open(LATE));
    await dayLater(main.address);
    expect(await look(worker)).toContain(`${main.address}: open, and should not be: ${LATE.port}`);
    const raised = `address=${main.address},machine=${main.name},pool=main,port=${LATE.port}`;
    await watched().until("mastodon_port_open == 1", { [raised]: 1 }, 150);
    await main.run(close(LATE));
    expect(await look(worker)).toContain(`${main.address}: nothing is open that should not be`);
    await watched().until("mastodon_port_open == 1", {}, 150);
  }, 2_400_000);

  test("while it looks at a worker that ends, main stops: the address may soon be somebody else's", async () => {
    const { main, worker } = watched();
    await dayLater(worker.address);
    const looked = look(main);
    await main.waitFor("the look to begin", 60, async () =>
      (await redis(main, `--raw EXISTS mastodon-hosting:looking:${worker.address}`)).startsWith("1"),
    );
    const knocks = "nft list chain inet knocks input | grep -o 'packets [0-9]*'";
    await worker.run("systemctl stop mastodon-worker.service", { timeout: 200 });
    expect(await looked).toContain(
      `${worker.address}: the look was broken off: it is no longer said to be ours`,
    );
    await worker.run(
      "nft 'table inet knocks { chain input { type filter hook input priority -10; iifname \"eth0\" tcp flags syn counter; }; }'",
    );
    const said = await look(main);
    expect([said, await worker.run(knocks)]).toEqual(["", "packets 0\n"]);
    await worker.run("nft destroy table inet knocks && systemctl start mastodon-worker.service");
    await worker.run("mastodon-ready 180");
  }, 900_000);

  test("no unit of it has failed", async () => {
    for (const machine of [watched().main, watched().worker])
      expect(await machine.run(`systemctl show -P Result ${UNIT}`)).toBe("success\n");
  });
}
