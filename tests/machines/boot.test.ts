/** main boots from its user data, up to its containers: their images are not to be had here. */
import type { Machine } from "../../rehearsal/machine";
import { Lab, mainBundle, VOLUME_NAME } from "./lab";

let lab: Lab;
let main: Machine;

beforeAll(async () => {
  lab = await Lab.create();
  main = await lab.machine(mainBundle());
  await main.start();
}, 900_000);

afterAll(() => lab?.remove());

const sql = (query: string) => main.run(`runuser -u postgres -- psql -qtAX -d mastodon -c "${query}"`);

test("without its volume main has ssh and the tailnet, and no database", async () => {
  await main.waitFor(
    "the volume step",
    60,
    async () => (await main.attempt("pgrep -f steps/50-volume")).stdout.trim() !== "",
  );
  expect((await main.run("systemctl is-active ssh.service tailscaled.service")).split("\n")).toEqual([
    "active",
    "active",
    "",
  ]);
  expect((await main.attempt("pgrep -x postgres")).stdout).toBe("");
  expect(main.has("/etc/mastodon-host/tailnet.key")).toBe(false);
});

test("an empty volume becomes a cluster with checksums, a locale that does not rot, and fixed owners", async () => {
  await main.attach(await lab.volume(), VOLUME_NAME);
  await main.waitFor("pgbouncer", 120, async () =>
    (await main.attempt("ss -ltnH 'sport = :6432'")).stdout.includes("127.0.0.1:6432"),
  );
  expect((await sql("SHOW data_checksums")).trim()).toBe("on");
  expect(
    (await sql("SELECT datlocprovider, datlocale FROM pg_database WHERE datname = 'mastodon'")).trim(),
  ).toBe("b|C.UTF-8");
  expect((await sql("SELECT lower('ÄÉ')")).trim()).toBe("äé");
  expect(await main.run("stat -c %u /srv/data/postgresql/17/main /srv/data/redis")).toBe("550\n551\n");
  expect(await main.run("cat /srv/data/.mastodon-volume; xfs_io -c label /srv/data")).toBe(
    'prod\nlabel = "mastodon"\n',
  );
});

test("a client with the password gets through pgbouncer, one without does not", async () => {
  const as = (password: string) =>
    main.attempt(
      `PGPASSWORD="${password}" psql -qtAX -h 127.0.0.1 -p 6432 -U mastodon -d mastodon -c 'SELECT 1'`,
    );
  expect((await as("$(cat /etc/mastodon-host/secrets/postgres-password)")).stdout).toBe("1\n");
  expect((await as("wrong")).stderr).toContain("SASL authentication failed");
});
