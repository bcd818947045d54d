/** main and its data volume: what it waits for, what it refuses, and how it gets on. */
import type { Machine } from "../../../lab/machine";
import type { Volume } from "../../../lab/volume";
import { Lab, mainBundle, VOLUME_NAME } from "../lab";
import { databases, listening, redis, sql } from "./ask";

let lab: Lab;
let main: Machine;
let adopted: Volume;

beforeAll(async () => {
  lab = await Lab.create();
  main = await lab.machine(mainBundle());
  await main.start();
}, 900_000);

afterAll(() => lab?.remove());

/** Everything on a volume that somebody could miss. */
const contents = (volume: Volume) =>
  volume.run(
    "find . -mindepth 1 -printf '%p %m %U:%G %T@\n' | sort; find . -type f -exec sha256sum {} +; xfs_io -c label .",
  );

async function swap(volume: Volume): Promise<void> {
  await main.detach(VOLUME_NAME);
  await main.attach(volume, VOLUME_NAME);
  // Quicker after each other than systemd lets anybody mount.
  await main.run("systemctl reset-failed");
}

/** What main's volume step, and the cluster's after it, say to a volume that they refuse; it stays as it was. */
async function refusal(script: string, label: string): Promise<string> {
  const volume = await lab.volume({ label });
  await volume.run(script);
  const before = await contents(volume);
  await swap(volume);
  const since = (await main.run("date +%s.%N")).trim();
  const { code, stderr } = await main.attempt(
    "cd /usr/local/lib/mastodon-host/steps && ./50-volume && ./55-postgres",
  );
  const journal = await main.run(`journalctl -q -o cat --since=@${since} -u data-volume`);
  expect(code).toBe(1);
  expect(await databases(main)).toBe("");
  await main.run("systemctl stop srv-data.mount");
  expect(await contents(volume)).toBe(before);
  return journal + stderr;
}

describe("boot", () => {
  describe("the data volume", () => {
    test("without it main has ssh and the tailnet, and no database", async () => {
      await main.waitFor(
        "the volume step",
        60,
        async () => (await main.attempt("pgrep -f steps/50-volume")).stdout.trim() !== "",
      );
      expect(await main.run("systemctl is-active ssh.service tailscaled.service nftables.service")).toBe(
        "active\nactive\nactive\n",
      );
      expect(await databases(main)).toBe("");
      expect(main.has("/etc/mastodon-host/tailnet.key")).toBe(false);
    });

    test("another stack's is refused: by name, and nothing on it changes", async () => {
      const theirs = await lab.volume({ label: "mastodon" });
      await theirs.run(
        "echo staging >.mastodon-volume; mkdir -m 700 postgresql; echo 17 >postgresql/PG_VERSION",
      );
      const before = await contents(theirs);
      await main.attach(theirs, VOLUME_NAME);
      expect(await main.booted()).toContain("error");
      expect(JSON.parse(main.read("/var/lib/mastodon-host/status"))).toEqual({
        state: "failed",
        step: "50-volume",
        time: expect.any(String),
      });
      expect(await main.run("journalctl -q -o cat -u data-volume")).toContain(
        "data-volume: refused: the volume belongs to staging, this machine to prod\n",
      );
      expect(main.read("/var/log/cloud-init-output.log")).toContain(
        "50-volume: the databases stay down; why: journalctl -b -u srv-data.mount -u data-volume\n",
      );
      // Nor does anybody else start them on it.
      expect((await main.attempt("systemctl start redis-server postgresql@17-main")).code).toBe(1);
      expect(await databases(main)).toBe("");
      await main.run("systemctl stop host-apply.service srv-data.mount");
      expect(await contents(theirs)).toBe(before);
    });

    test("one with data but without a marker is refused, even where its label says new", async () => {
      expect(await refusal("mkdir postgresql; echo 17 >postgresql/PG_VERSION", "mastodon-new")).toContain(
        "data-volume: refused: no /srv/data/.mastodon-volume, but data\n",
      );
    });

    test("an empty one without the label of a new one is refused", async () => {
      expect(await refusal("true", "holiday-pics")).toContain(
        "data-volume: refused: no /srv/data/.mastodon-volume, and the label is 'holiday-pics', not that of a new volume\n",
      );
    });

    test("a cluster that belongs to another user is refused before it is started", async () => {
      const script = `echo prod >.mastodon-volume
      install -d -o 106 -g 106 postgresql/17 postgresql/17/main; echo 17 >postgresql/17/main/PG_VERSION
      chown 106:106 postgresql/17/main/PG_VERSION`;
      expect(await refusal(script, "mastodon")).toContain(
        "data-volume: refused: /srv/data/postgresql/17/main/PG_VERSION belongs to user 106, Postgres is 550 here\n",
      );
    });

    test("where this stack's cluster is gone, nothing is initialised in its place", async () => {
      const script = `echo prod >.mastodon-volume; mkdir letsencrypt
      install -d -o 550 -g 550 postgresql etc-postgresql; install -d -m 750 -o 551 -g 551 redis`;
      expect(await refusal(script, "mastodon")).toContain(
        "55-postgres: no cluster in /var/lib/postgresql/17/main although the volume is not new; nothing is initialised over it: restore it\n",
      );
    });

    test("one that does not come is named when the patience ends", async () => {
      await main.detach(VOLUME_NAME);
      const { code, stderr } = await main.attempt(
        "sed 's/wait_until 600/wait_until 1/' /usr/local/lib/mastodon-host/steps/50-volume >/run/50-volume && bash /run/50-volume",
      );
      expect({ code, stderr }).toEqual({
        code: 1,
        stderr: [
          "50-volume: waited 1 s for the data volume mastodon-prod-data to be attached",
          "50-volume: the databases stay down until the volume mastodon-prod-data is attached",
          "",
        ].join("\n"),
      });
    });

    test("a root where Postgres has another uid is refused before anything starts", async () => {
      await main.run("sed -i.before 's/^postgres:x:550:/postgres:x:106:/' /etc/passwd");
      const { code, stderr } = await main.attempt("HOST_APPLY_UNIT=1 host-apply");
      expect({ code, stderr }).toEqual({
        code: 1,
        stderr: [
          "host-apply: 05-upgrade",
          "host-apply: 10-system",
          "10-system: postgres has the uid 106 instead of 550",
          "host-apply: step 10-system failed",
          // The way in comes up all the same.
          "host-apply: 30-firewall",
          "host-apply: 40-tailnet",
          "host-apply: failed at 10-system; its messages are above, and in the journal of host-apply.service from the next try on",
          "",
        ].join("\n"),
      });
      await main.run("mv /etc/passwd.before /etc/passwd");
    });

    test("a power cut in the middle of the first initialisation: the next boot starts it afresh, by itself", async () => {
      adopted = await lab.volume();
      await main.attach(adopted, VOLUME_NAME);
      await main.run("systemctl reset-failed");
      await main.run("systemctl start --no-block host-apply.service");
      await main.run(
        `until [[ -e /srv/data/postgresql/17/main/PG_VERSION ]]; do sleep 0.02; done
       pkill -STOP -x initdb; sync -f /srv/data`,
        { timeout: 60 },
      );
      await main.cut();
      expect(await adopted.run("xfs_io -c label .; cat .mastodon-volume; ls postgresql/17")).toBe(
        'label = "mastodon-new"\nprod\nmain\n',
      );
      await main.start();
      await listening(main, 6432);
      expect(await main.run("xfs_io -c label /srv/data; ls /srv/data/postgresql/17")).toMatch(
        /^label = "mastodon"\nmain\nmain\.unfinished\.\d+\n$/,
      );
      expect(await sql(main, "SHOW data_checksums")).toBe("on");
    });

    test("a fresh machine takes over data, configuration and owners as they are", async () => {
      await sql(main, "CREATE TABLE kept AS SELECT 'über' AS word");
      await sql(main, "ALTER SYSTEM SET work_mem = '5MB'");
      await redis(main, "SET kept yes");
      const [identity, before] = [
        await sql(main, "SELECT system_identifier FROM pg_control_system()"),
        await main.run(
          "find /srv/data -maxdepth 4 ! -path '/srv/data/mastodon*' -printf '%P %m %U:%G\n' | sort",
        ),
      ];
      await main.stop();
      const next = await lab.machine(mainBundle());
      await next.attach(adopted, VOLUME_NAME);
      await next.start();
      await listening(next, 6432);
      expect(await sql(next, "SELECT system_identifier FROM pg_control_system()")).toBe(identity);
      expect(await sql(next, "SELECT upper(word) FROM kept")).toBe("ÜBER");
      expect(await sql(next, "SHOW work_mem")).toBe("5MB");
      expect(await redis(next, "GET kept")).toBe("yes");
      expect(
        await next.run(
          "find /srv/data -maxdepth 4 ! -path '/srv/data/mastodon*' -printf '%P %m %U:%G\n' | sort",
        ),
      ).toBe(before);
      expect(await next.run("cat /srv/data/.mastodon-volume")).toBe("prod\n");
    });
  });
});
