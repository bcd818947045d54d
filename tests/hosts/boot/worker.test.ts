/** A worker beside main: what it waits for, what makes it stop, and how it goes. */

import type { Machine } from "../../../lab/machine";
import { workerInputs } from "../../support/fixtures";
import { comeBack, givenUp, services } from "../comesBack";
import { Lab, mainBundle, VOLUME_NAME, workerBundle } from "../lab";
import { someonesToken } from "../person";
import { give, type Peer, peer, sees, tailnetAddresses, tailscaleCalls } from "../tailnet";
import { checkedOften, edited, lastShutdown, ready, redis, restarted, running } from "./ask";

const TAG = workerInputs().names.tags.main;
const DOMAIN = workerInputs().settings.domain;
const CONTAINERS = ["/sidekiq-default-1", "/sidekiq-default-2"];

describe("boot", () => {
  let lab: Lab;
  let main: Machine;
  let worker: Machine;

  beforeAll(async () => {
    lab = await Lab.create();
    main = await lab.machine(mainBundle());
    await main.attach(await lab.volume(), VOLUME_NAME);
    // It looks every second instead of every ten, and stops after 30 s without main instead of 120.
    const script = "/usr/local/sbin/mastodon-worker";
    const often = edited(workerBundle(), script, "INTERVAL = 10\n", "INTERVAL = 1\n");
    const impatient = edited(often, script, "ALONE = 120\n", "ALONE = 30\n");
    worker = await lab.machine(checkedOften(impatient));
    await Promise.all([main.start(), worker.start()]);
  }, 900_000);
  afterAll(() => lab?.remove());

  const mainPeer = (changes: Partial<Peer> = {}) => peer(main, TAG, changes);
  const journal = async () =>
    (await worker.run("journalctl -q -o cat -u mastodon-worker")).trim().split("\n");

  /** Until the worker's last word is this one. */
  const says = (message: string) =>
    worker
      .waitFor(message, 60, async () => (await journal()).at(-1) === message)
      .catch(async (error) => {
        throw new Error(`${error.message}; its last words: ${(await journal()).slice(-5).join("\n")}`);
      });

  const sidekiq = async () =>
    Object.keys(await running(worker))
      .filter((name) => name.startsWith("/"))
      .sort();

  /** The addresses of the databases that its containers run with. */
  const databaseHosts = async () => {
    const variables = await worker.run(
      "docker ps -q | xargs docker inspect -f '{{range .Config.Env}}{{println .}}{{end}}' | grep -E '^(DB|REDIS|CACHE_REDIS)_HOST=' | sort -u",
    );
    return Object.fromEntries(
      variables
        .trim()
        .split("\n")
        .map((line) => line.split("=")),
    );
  };

  describe("a worker", () => {
    test("without main: its boot ends well, no Sidekiq runs, and it says what it waits for", async () => {
      expect(await worker.booted()).toBe("done");
      expect(JSON.parse(worker.read("/var/lib/mastodon-host/status")).state).toBe("ok");
      await says(`waiting for exactly one online peer tagged ${TAG}; there are 0`);
      expect(await sidekiq()).toEqual([]);
      expect((await worker.attempt("mastodon-ready 1")).stdout).toContain(
        `not ready after 1 s; it waits for main in the tailnet, or its release: waiting for exactly one online peer tagged ${TAG}; there are 0\n`,
      );
    });

    test("with two mains it takes neither and names both", async () => {
      await ready(main);
      sees(worker, mainPeer(), mainPeer({ HostName: "main-1", TailscaleIPs: ["100.64.0.9"] }));
      await says(`waiting for exactly one online peer tagged ${TAG}; there are 2: main-1, ${main.name}`);
      expect(await sidekiq()).toEqual([]);
    });

    test("with main on a release that no registry has it waits for that, and takes nothing for a release that is none", async () => {
      const { v4 } = tailnetAddresses(main.number);
      await redis(main, "HSET mastodon-hosting:release version v9.9.9");
      sees(worker, mainPeer());
      await says("pulling the images of v9.9.9 failed; the next try follows");
      await redis(main, "HSET mastodon-hosting:release version 'v4.7.3 --privileged'");
      await says(`main (${v4}) publishes no release yet: waiting for one`);
      await redis(main, "DEL mastodon-hosting:release");
      expect(await sidekiq()).toEqual([]);
    });

    test("with main on its release, but no answer to a ping, it waits: Redis would give jobs to a path that is about to break", async () => {
      sees(worker, mainPeer({ CurAddr: "", Relay: "" }));
      await main.run("/usr/local/lib/mastodon-host/release");
      const { v4 } = tailnetAddresses(main.number);
      await says(`main (${v4}) does not answer a ping through the tailnet: its way there is not settled yet`);
      expect(await sidekiq()).toEqual([]);
    });

    test("with main on its release Sidekiq starts, beside peers that are offline or another stack's, and does main's jobs", async () => {
      sees(
        worker,
        mainPeer(),
        mainPeer({ HostName: "main-1", Online: false }),
        mainPeer({ HostName: "other", Tags: ["tag:mastodon-staging-main"] }),
      );
      expect(await worker.run("mastodon-ready 60")).toContain(`${worker.name} works: 2 Sidekiq processes\n`);
      const { v4 } = tailnetAddresses(main.number);
      await says(`2 Sidekiq processes of v4.7.3 run against main at ${v4}`);
      expect(await sidekiq()).toEqual(CONTAINERS);
      expect(await databaseHosts()).toEqual({ CACHE_REDIS_HOST: v4, DB_HOST: v4, REDIS_HOST: v4 });
      const token = await someonesToken(main);
      await main.run(
        `curl -fsSk --resolve ${DOMAIN}:443:127.0.0.1 -H 'Authorization: Bearer ${token}' -d status=hello https://${DOMAIN}/api/v1/statuses`,
      );
      await worker.waitFor("the fan-out in its log", 30, async () =>
        (
          await worker.run("docker ps -q | xargs -n 1 docker logs 2>&1 | grep 'class=Distri.*done$' || true")
        ).includes("DistributionWorker"),
      );
    });

    test("each of Sidekiq's connections to Postgres is probed, so that none waits for a main that is gone", async () => {
      const connections = (await worker.run("ss -Htno state established '( dport = :6432 )'"))
        .trim()
        .split("\n");
      for (const connection of connections)
        expect(connection).toMatch(/timer:\(keepalive,(?:[\d.]+ms|(?:[12]?\d(?:\.\d+)?|30)sec),/);
    });

    /** Until that container runs anew. */
    const again = (name: string, before: Record<string, string>, seconds: number) =>
      worker.waitFor(`${name} again`, seconds, async () => {
        const now = (await running(worker))[name];
        return now !== undefined && now !== before[name];
      });
    const [first = "", second = ""] = CONTAINERS;

    test.each(["TERM", "KILL"])(
      "a Sidekiq that ends (%s) is started again, also beside a console",
      async (signal) => {
        await worker.run(`mastodon-compose run --detach --rm --name console ${first.slice(1)} sleep 600`);
        const before = await running(worker);
        await worker.run(`docker kill --signal ${signal} ${first.slice(1)}`);
        await again(first, before, 20);
        await worker.run("docker rm --force console");
        expect(restarted(before, await running(worker))).toEqual([first]);
        expect(await worker.run("mastodon-ready 60")).toContain("works: 2 Sidekiq processes\n");
      },
    );

    test("a Sidekiq that hangs is restarted, the others are not", async () => {
      // A container that never passes its health check would be restarted, too.
      await worker.waitFor("healthy containers", 180, async () => {
        const healthy = await worker.run("docker ps --filter health=healthy --format /{{.Names}}");
        return CONTAINERS.every((name) => healthy.includes(name));
      });
      const before = await running(worker);
      await worker.run(`docker top ${second.slice(1)} -o pid | tail -n +2 | xargs kill -STOP`);
      await again(second, before, 120);
      expect(restarted(before, await running(worker))).toEqual([second]);
    });

    test("told to stop while Sidekiq boots under an init, where TSTP suspends and TERM ends, the worker is down within 5 s", async () => {
      const path = "/etc/mastodon/compose.yaml";
      const text = worker.read(path);
      const booting = text
        .replace('network_mode: "host"', 'network_mode: "host"\n  init: true')
        .replace(/command:\n(\s+- .*\n)+/g, 'command: ["sleep", "600"]\n');
      expect(booting).toMatch(/init: true[\s\S]*sleep/);
      worker.write(path, booting, 0o600);
      await worker.run("systemctl restart mastodon-worker.service");
      await worker.waitFor("both to boot", 60, async () => (await sidekiq()).length === CONTAINERS.length);
      const took = await worker.run(
        "s=$(date +%s%N); systemctl stop mastodon-worker.service; echo $((($(date +%s%N) - s) / 1000000))",
      );
      expect(Number(took)).toBeLessThan(5000);
      expect(await sidekiq()).toEqual([]);
      worker.write(path, text, 0o600);
      await worker.run("systemctl start mastodon-worker.service");
      expect(await worker.run("mastodon-ready 90")).toContain("works: 2 Sidekiq processes\n");
    });

    test("main goes offline for a while: Sidekiq stays as it is", async () => {
      const before = await running(worker);
      sees(worker, mainPeer({ Online: false }));
      await says(`waiting for exactly one online peer tagged ${TAG}; there are 0`);
      sees(worker, mainPeer());
      await worker.run("sleep 3");
      expect(restarted(before, await running(worker))).toEqual([]);
    });

    test("the path to main is relayed: it warns, once, and says when it is direct again", async () => {
      const warning =
        "packets to main go through the relay lab, at 1 to 5 MB/s; open UDP 41641 between the two";
      expect(await worker.run("mastodon-ready 60")).not.toContain("warning");
      sees(worker, mainPeer({ CurAddr: "" }));
      await says(`warning: ${warning}`);
      expect(await worker.run("journalctl -q -o cat -p warning -u mastodon-worker")).toContain(warning);
      expect(await worker.run("mastodon-ready 60")).toContain("warning: no direct path to main");
      await worker.run("sleep 3");
      sees(worker, mainPeer());
      await says("the path to main is direct again");
      expect((await journal()).filter((line) => line.includes(warning))).toHaveLength(1);
    });

    test("tailscaled restarts, as after an upgrade: Sidekiq stops first and comes back, also after a stop and a start", async () => {
      const before = await running(worker);
      await worker.run("journalctl --rotate && journalctl --vacuum-time=1s");
      await worker.run("systemctl restart tailscaled");
      const lines = (await worker.run("journalctl -q -o cat _PID=1")).split("\n");
      const at = (text: string) => lines.findIndex((line) => line.startsWith(text));
      expect(at("Stopped mastodon-worker.service")).toBeGreaterThan(-1);
      expect(at("Stopped mastodon-worker.service")).toBeLessThan(at("Stopping tailscaled.service"));
      expect(at("Started tailscaled.service")).toBeLessThan(at("Started mastodon-worker.service"));
      expect(await worker.run("mastodon-ready 60")).toContain("works: 2 Sidekiq processes\n");
      expect(restarted(before, await running(worker))).toEqual(expect.arrayContaining(CONTAINERS));

      await worker.run("systemctl stop tailscaled");
      expect(await sidekiq()).toEqual([]);
      await worker.run("systemctl start tailscaled");
      expect(await worker.run("mastodon-ready 60")).toContain("works: 2 Sidekiq processes\n");
    });

    test("tailscaled dies: it is started again at once, and no Sidekiq stops for that", async () => {
      const before = await running(worker);
      await worker.run("systemctl kill --signal KILL tailscaled && sleep 6");
      expect(restarted(before, await running(worker))).toEqual(["tailscaled.service"]);
      expect(await worker.run("mastodon-ready 60")).toContain("works: 2 Sidekiq processes\n");
    });

    test("all that it runs dies, and fails at six starts each: it is back when the reason is gone, and so are its jobs", async () => {
      const units = await services(worker);
      expect(units).toEqual(expect.arrayContaining(["docker.service", "ssh.service", "tailscaled.service"]));
      expect(await givenUp(worker, units)).toEqual([]);
      // The supervisor waits for tailscaled.
      await comeBack(
        worker,
        units.filter((unit) => unit !== "mastodon-worker.service"),
      );
      expect(await worker.run("mastodon-ready 120")).toContain("works: 2 Sidekiq processes\n");
    });

    test("tailscaled restarts on main: before that this worker ends its jobs, and after it takes on others", async () => {
      const { v4 } = tailnetAddresses(main.number);
      const stopped = `main (${v4}) publishes no release yet: waiting for one`;
      const times = async () => (await journal()).filter((line) => line === stopped).length;
      const [before, said] = [await running(worker), await times()];
      await main.run("systemctl restart tailscaled");
      expect(await times()).toBe(said + 1);
      expect(await worker.run("mastodon-ready 60")).toContain("works: 2 Sidekiq processes\n");
      expect(restarted(before, await running(worker))).toEqual(CONTAINERS);
      expect(await redis(main, "HGET mastodon-hosting:release version")).toBe("v4.7.3");
    });

    test("main has another address: the containers are made anew with it", async () => {
      const moved = tailnetAddresses(77);
      const before = await running(worker);
      give(main, moved);
      await main.waitFor(moved.v4, 10, async () => (await main.run("ip -br addr")).includes(moved.v4));
      await main.run("systemctl start tailnet-address.service");
      sees(worker, mainPeer({ TailscaleIPs: [moved.v4, moved.v6] }));
      await says(`2 Sidekiq processes of v4.7.3 run against main at ${moved.v4}`);
      expect(restarted(before, await running(worker))).toEqual(CONTAINERS);
      expect(await databaseHosts()).toEqual({
        CACHE_REDIS_HOST: moved.v4,
        DB_HOST: moved.v4,
        REDIS_HOST: moved.v4,
      });
      expect(await worker.run("mastodon-ready 60")).toContain("works: 2 Sidekiq processes\n");
    });

    test("no word of main for some time: Sidekiq stops before its lease at main is over, and starts again with main", async () => {
      const lease = () => redis(main, `TTL mastodon-hosting:worker:${worker.name}`);
      expect(Number(await lease())).toBeGreaterThan(150);
      await worker.run(
        `nft add table inet cut && nft add chain inet cut o '{ type filter hook output priority 0; }' && nft add rule inet cut o tcp dport 6379 reject with tcp reset`,
      );
      await worker.waitFor("Sidekiq to stop", 120, async () => (await sidekiq()).length === 0);
      expect(Number(await lease())).toBeGreaterThan(0);
      expect((await journal()).join("\n")).toContain("no word of main for 30 s: Sidekiq stops");
      await worker.run("nft delete table inet cut");
      expect(await worker.run("mastodon-ready 90", { timeout: 100 })).toContain(
        "works: 2 Sidekiq processes\n",
      );
    });

    test("a reboot: Sidekiq stops before the tailnet, and nothing starts it before main is seen", async () => {
      await worker.stop();
      sees(worker);
      await worker.start();
      const at = await lastShutdown(worker);
      expect(at("Stopped mastodon-worker.service")).toBeGreaterThan(0);
      expect(at("Stopped mastodon-worker.service")).toBeLessThan(at("Stopping tailscaled.service"));
      await says(`waiting for exactly one online peer tagged ${TAG}; there are 0`);
      expect(await sidekiq()).toEqual([]);
      sees(worker, mainPeer({ TailscaleIPs: [tailnetAddresses(77).v4] }));
      await says(`2 Sidekiq processes of v4.7.3 run against main at ${tailnetAddresses(77).v4}`);
      expect(await sidekiq()).toEqual(CONTAINERS);
    });

    test("drain: no new jobs, then the end, then out of the tailnet, and it does not start again", async () => {
      const registered = async () =>
        (await redis(main, "SMEMBERS processes")).split("\n").filter((id) => id.startsWith(`${worker.name}:`))
          .length;
      // Those that lost main with its address stay registered for a minute; the living register again every ten seconds.
      await redis(main, "DEL processes");
      await main.waitFor("both to register", 30, async () => (await registered()) === CONTAINERS.length);
      await worker.run("mastodon-drain", { timeout: 150 });
      expect(await sidekiq()).toEqual([]);
      expect(tailscaleCalls(worker)).not.toContain("logout");
      for (const name of CONTAINERS) {
        const log = await worker.run(`docker logs ${name.slice(1)} 2>&1`);
        expect(log).toContain("Shutting down");
        expect(log.lastIndexOf("Terminating quiet threads")).toBeGreaterThan(
          log.lastIndexOf("Shutting down"),
        );
        expect(await worker.run(`docker inspect -f '{{.State.ExitCode}}' ${name.slice(1)}`)).toBe("0\n");
      }
      expect((await worker.attempt("systemctl is-enabled mastodon-worker.service")).stdout).toBe(
        "disabled\n",
      );
      await worker.waitFor("logout", 20, async () => tailscaleCalls(worker).at(-1) === "logout");
      expect(await registered()).toBe(0);
    });
  });
});
