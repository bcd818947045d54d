/** Mastodon's releases on a living main and a worker, under load: stand-ins of a patch release and of a minor with migrations of both kinds. */
import type { Machine } from "../../lab/machine";
import { mainHost } from "../../machines/hosts";
import { workerInputs } from "../support/fixtures";
import { mainInputs } from "../support/mainFixtures";
import { worstSecrets } from "../support/worstSecrets";
import { checkedOften, edited, ready, receive, sql } from "./boot/ask";
import { Lab, RELEASES, VOLUME_NAME, workerBundle } from "./lab";
import { peer, sees } from "./tailnet";
import { type Load, Traffic } from "./upgrade/traffic";

const { first: FIRST, patch: PATCH, minor: MINOR, brokenWeb: BROKEN_WEB, brokenJobs: BROKEN_JOBS } = RELEASES;
/** Every point at which an upgrade may be cut off; CI cuts it off at one of them, and reboots no machine in the middle. */
const STEPS = ["images", "migrations", "web", "sidekiq", "streaming", "proof", "last migrations"];
const EVERYTHING = process.env.UPGRADE_KILLS === "all";
const KILLED = EVERYTHING ? STEPS : ["sidekiq"];

/** @param second whether it has memory for a second web */
function mainOf(changes: Record<string, unknown> = {}, second = true) {
  const inputs = mainInputs(changes, worstSecrets);
  const { sizing } = inputs;
  return checkedOften(mainHost({ ...inputs, sizing: { ...sizing, web: { ...sizing.web, second } } }));
}

describe("upgrade", () => {
  let lab: Lab;
  let main: Machine;
  let worker: Machine;
  /** Those that have power. */
  let powered: Machine[];
  let traffic: Traffic;

  beforeAll(async () => {
    lab = await Lab.create();
    main = await lab.machine(mainOf());
    await main.attach(await lab.volume(), VOLUME_NAME);
    const impatient = edited(
      workerBundle(),
      "/usr/local/sbin/mastodon-worker",
      "INTERVAL = 10\n",
      "INTERVAL = 1\n",
    );
    worker = await lab.machine(checkedOften(impatient));
    powered = [main, worker];
    await Promise.all(powered.map((machine) => machine.start()));
    await Promise.all(powered.map((machine) => machine.booted()));
    await ready(main);
    sees(worker, peer(main, workerInputs().names.tags.main));
    await worker.run("mastodon-ready 120", { timeout: 130 });
    traffic = await Traffic.on(main);
    await images("ghcr.io/mastodon", KEPT);
  }, 900_000);
  afterAll(() => lab?.remove());

  /** Of each image: machines remove those of old releases, and there is no registry to pull them from again. */
  const KEPT = "kept";
  const images = (from: string, to: string) =>
    Promise.all(
      powered.map((machine) =>
        machine.run(
          `docker image ls --format '{{.Repository}}:{{.Tag}}' --filter 'reference=${from}/*' | while read -r image; do docker tag "$image" "${to}/\${image##*/}"; done`,
        ),
      ),
    );

  /** As `pulumi up` with that release in the stack file. */
  async function up(release: string, finish: "now" | "later" = "now", second = true) {
    await images(KEPT, "ghcr.io/mastodon");
    return receive(main, mainOf({ mastodonVersion: release, upgrade: { finish } }, second));
  }

  /** A backup of now, or one that is too old. */
  const backup = (age: "now" | "old") =>
    main.run(
      `jq -n --arg at "$(date -u -d '${age === "now" ? "now" : "2 days ago"}' +%FT%TZ)" '{ok: true, time: $at, lastSuccess: $at}' >/var/lib/mastodon-host/backup-status.json`,
    );

  /** What every process is of, as it says itself. */
  async function running(): Promise<string[]> {
    const containers = (machine: Machine) =>
      machine.run(
        "docker ps --filter label=com.docker.compose.oneoff=False --format '{{.Names}} {{.Image}}' | sed 's#ghcr.io/mastodon/[a-z-]*:##' | sort",
      );
    const tags = await main.run(
      `export REDISCLI_AUTH="$(cat /etc/mastodon-host/secrets/redis-password)"; for process in $(redis-cli SMEMBERS processes); do
         if [[ $(redis-cli EXISTS "$process") == 1 ]]; then redis-cli HGET "$process" info | jq -r '"tag " + .tag'; fi; done | sort -u`,
    );
    return [
      ...(await containers(main)).trim().split("\n"),
      ...(await containers(worker)).trim().split("\n"),
      tags.trim(),
    ];
  }
  const all = (release: string, streaming = release) => [
    `sidekiq-push-1 ${release}`,
    `sidekiq-scheduler-1 ${release}`,
    `streaming ${streaming}`,
    `web ${release}`,
    `sidekiq-default-1 ${release}`,
    `sidekiq-default-2 ${release}`,
    `tag ${release}`,
  ];
  const now = async () => (await main.run("date +%s")).trim();
  /** Until the upgrade has said that since then. */
  const said = (since: string, text: string) =>
    main.waitFor(text, 300, async () =>
      (await main.attempt(`journalctl -q -o cat -u mastodon-upgrade --since @${since}`)).stdout.includes(
        text,
      ),
    );
  const history = async () => (await main.run("mastodon-upgrade log")).trim().split("\n");
  const page = () =>
    main.run(
      "curl -fsk --resolve social.example.org:443:127.0.0.1 https://social.example.org/stand-in/release",
    );
  const figure = (what: string, { answers, slowest, jobs, streams }: Load) =>
    console.log(
      `${what}: ${answers["200"]} requests, the slowest ${slowest} s; ${jobs} jobs; ${streams} streams`,
    );

  test("a patch release: no request fails, no job is lost, whoever listens stays connected, and no backup is asked for", async () => {
    const load = await traffic.during(() => up(PATCH));
    expect([load.happened.code, load.happened.stderr]).toEqual([0, expect.stringContaining("done")]);
    figure("patch", load);
    await traffic.nothingLost(load);
    expect(load.streams).toBe(1);
    expect(await running()).toEqual(all(PATCH, FIRST));
    expect(await page()).toBe(PATCH);
    const [line = ""] = await history();
    expect(line).toMatch(
      new RegExp(
        `^20\\S+Z {2}${FIRST} -> ${PATCH} {2}done {2}by this machine {2}gate \\d+ s, images \\d+ s, migrations \\d+ s, web \\d+ s, sidekiq \\d+ s, streaming \\d+ s, proof \\d+ s, last migrations \\d+ s, cache \\d+ s$`,
      ),
    );
  });

  test("images of releases but the one before are removed, on main and on the worker", async () => {
    const releases = async (machine: Machine) =>
      (
        await machine.run(
          "docker image ls --format '{{.Tag}}' --filter 'reference=ghcr.io/mastodon/*' | sort -u",
        )
      )
        .trim()
        .split("\n");
    expect(await releases(main)).toEqual([FIRST, PATCH]);
    expect(await releases(worker)).toEqual([FIRST, PATCH]);
  });

  test("another apply of the same release does nothing to Mastodon", async () => {
    const before = await main.run("docker ps -q --no-trunc | sort");
    expect((await up(PATCH)).code).toBe(0);
    expect(await main.run("docker ps -q --no-trunc | sort")).toBe(before);
    expect(await history()).toHaveLength(1);
  });

  test("a minor that changes the database is refused without a backup, and the site serves as before", async () => {
    await backup("old");
    const { code, stderr } = await up(MINOR);
    expect(code).not.toBe(0);
    expect(stderr).toContain(
      `upgrade ${PATCH} -> ${MINOR} stopped at the step migrations: the database changes, and no backup is younger than 26 hours; run: systemctl start mastodon-backup. The site serves;`,
    );
    expect(await running()).toEqual(all(PATCH, FIRST));
    // Not tried again by itself.
    await main.run("systemctl reset-failed host-apply; systemctl start host-apply || true");
    expect((await history()).length).toBe(2);
  });

  test("with upgrade.finish: later its post-deployment migrations wait, and both releases work with the database", async () => {
    await backup("now");
    const load = await traffic.during(() => up(MINOR, "later"));
    expect([load.happened.code, load.happened.stderr]).toEqual([0, expect.stringContaining("held")]);
    figure("minor, held", load);
    await traffic.nothingLost(load);
    expect(await running()).toEqual(all(MINOR));
    expect(
      await sql(main, "SELECT count(*) FROM information_schema.columns WHERE column_name = 'private_key'"),
    ).toBe("2");
    expect((await history()).at(-1)).toContain("held before its post-deployment migrations");
  });

  test("the way back, then, without memory for a second web: requests wait, none fails", async () => {
    const load = await traffic.during(() => up(PATCH, "now", false));
    expect([load.happened.code, load.happened.stderr]).toEqual([0, expect.stringContaining("done")]);
    figure("back", load);
    await traffic.nothingLost(load);
    expect(await running()).toEqual(all(PATCH));
    const steps = (await history()).at(-1) ?? "";
    const seconds = (step: string) => Number(steps.match(new RegExp(`${step} (\\d+) s`))?.[1]);
    console.log(steps);
    expect(seconds("web") + seconds("sidekiq")).toBeLessThan(60);
  });

  test("a release whose web does not start, or whose Sidekiq does not: the site serves, the error says which", async () => {
    for (const [release, step, what] of [
      [BROKEN_WEB, "web", "web"],
      [BROKEN_JOBS, "sidekiq", "Sidekiq"],
    ]) {
      const load = await traffic.during(() => up(release as string));
      expect(load.happened.code).not.toBe(0);
      expect(load.happened.stderr).toContain(
        `stopped at the step ${step}: ${what} of ${release} does not start`,
      );
      // The reason, from its own log.
      expect(load.happened.stderr).toContain("NoMethodError");
      await traffic.nothingLost(load);
      expect(await running()).toEqual(all(PATCH));
    }
  });

  test("a table that somebody holds, and an index that was cut off: the migration waits its turn, and ends", async () => {
    // As if it had never run.
    await sql(main, "DELETE FROM schema_migrations WHERE version = '20261001000000'");
    await sql(main, "DROP INDEX index_statuses_on_created_at");
    await main.run(
      `runuser -u postgres -- psql -qX -d mastodon -c 'CREATE INDEX index_statuses_on_created_at ON statuses (created_at)' -c "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'index_statuses_on_created_at'::regclass"`,
    );
    const held = main.attempt(
      "runuser -u postgres -- psql -qX -d mastodon -c 'BEGIN; LOCK TABLE statuses IN SHARE MODE; SELECT pg_sleep(500)'",
      { timeout: 510 },
    );
    const since = await now();
    const upgraded = up(MINOR, "later");
    await said(since, "a table was locked for longer than 5 s");
    await sql(
      main,
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(500)%' AND pid <> pg_backend_pid()",
    );
    await held;
    expect((await upgraded).code).toBe(0);
    expect(
      await sql(
        main,
        "SELECT indisvalid FROM pg_index WHERE indexrelid = 'index_statuses_on_created_at'::regclass",
      ),
    ).toBe("t");
  });

  test.each(KILLED)(
    "cut off at the step %s, with the up that asked: the next up ends on the new release",
    async (step) => {
      await up(PATCH);
      const load = await traffic.during(async () => {
        const since = await now();
        const first = up(MINOR, "later");
        await said(since, `${step}: ${PATCH} -> ${MINOR}`);
        await main.run("systemctl kill --signal KILL mastodon-upgrade.service");
        expect((await first).code).not.toBe(0);
        return up(MINOR, "later");
      });
      expect([load.happened.code, load.happened.stderr]).toEqual([0, expect.anything()]);
      await traffic.nothingLost(load);
      expect(await running()).toEqual(all(MINOR));
    },
  );

  if (EVERYTHING) {
    test.each(["web", "sidekiq"])(
      "main reboots at the step %s: the next up ends on the new release",
      async (step) => {
        await up(PATCH);
        const since = await now();
        const first = up(MINOR, "later");
        await said(since, `${step}: ${PATCH} -> ${MINOR}`);
        await main.stop();
        expect((await first).code).not.toBe(0);
        await main.start();
        await ready(main);
        const { code, stderr } = await up(MINOR, "later");
        expect([code, stderr]).toEqual([0, expect.anything()]);
        await worker.run("mastodon-ready 120", { timeout: 130 });
        expect(await running()).toEqual(all(MINOR));
      },
    );

    test("a dead worker holds nothing up, and boots on the new release", async () => {
      await up(PATCH);
      await worker.cut();
      powered = [main];
      const load = await traffic.during(() => up(MINOR, "later"));
      expect([load.happened.code, load.happened.stderr]).toEqual([0, expect.anything()]);
      expect(load.failures).toEqual([]);
      await worker.start();
      powered = [main, worker];
      await worker.run("mastodon-ready 120", { timeout: 130 });
      expect(await running()).toEqual(all(MINOR));
    });
  }

  test("finished: what the old release needs is gone, no process of it is left, and the way back is refused", async () => {
    const load = await traffic.during(() => up(MINOR));
    expect([load.happened.code, load.happened.stderr]).toEqual([0, expect.stringContaining("done")]);
    await traffic.nothingLost(load);
    expect(
      await sql(main, "SELECT count(*) FROM information_schema.columns WHERE column_name = 'private_key'"),
    ).toBe("1");
    expect(await sql(main, `SELECT DISTINCT release FROM measured WHERE job >= ${load.first}`)).toBe(MINOR);
    const { code, stderr } = await up(PATCH);
    expect(code).not.toBe(0);
    expect(stderr).toContain(
      `stopped at the step gate: the database has had the last migrations of ${MINOR}, with which ${PATCH} does not work; the way back is a restore to the time before`,
    );
    expect(await page()).toBe(MINOR);
    expect((await up(MINOR)).code).toBe(0);
  });

  test("a worker that boots comes up on what main runs, whatever its own files ask for", async () => {
    await worker.stop();
    await worker.start();
    await worker.run("mastodon-ready 120", { timeout: 130 });
    expect(await running()).toEqual(all(MINOR));
  });

  test("main boots on what it runs", async () => {
    await main.stop();
    await main.start();
    await ready(main);
    await worker.run("mastodon-ready 120", { timeout: 130 });
    expect(await running()).toEqual(all(MINOR));
    expect(await page()).toBe(MINOR);
  });
});
