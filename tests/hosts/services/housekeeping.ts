/** Housekeeping as its unit runs it, with the stand-in's tootctl in a container. */
import { setTimeout as sleep } from "node:timers/promises";
import { mainHost } from "../../../machines/hosts";
import type { Bed, Beds } from "./bed";

const REPORT = "/var/lib/mastodon-host/housekeeping-status.json";

/** It comes with the first up; here, as its files. */
async function install({ main, inputs }: Bed): Promise<void> {
  const files = mainHost(inputs).files.filter(({ path }) => path.includes("housekeeping"));
  for (const { path, content, mode = "0644" } of files) {
    main.write(path, content);
    await main.run(`chmod ${mode} ${path}`);
  }
  await main.run("systemctl daemon-reload && /usr/local/lib/mastodon-host/steps/83-housekeeping");
}

export function housekeepingTests(bed: Beds): void {
  const run = async (script: string) => (await bed().main.run(script)).trim();
  const report = () => JSON.parse(bed().main.read(REPORT));
  const status = async () => JSON.parse(await run("mastodon-housekeeping status"));
  /** Media of another server, and of this one. */
  const attach = (size: number, days: number, from = "https://elsewhere.example/a.png") =>
    bed().sql(
      `INSERT INTO media_attachments (file_file_name, file_file_size, remote_url, created_at)
       VALUES ('a.png', ${size}, '${from}', now() AT TIME ZONE 'UTC' - interval '${days} days')`,
    );
  const left = () =>
    bed().sql(
      "SELECT count(*) FROM media_attachments WHERE file_file_size IS NOT NULL AND file_file_name IS NOT NULL",
    );

  beforeAll(() => install(bed()), 60_000);

  test("its timer waits for the night, and nothing is wrong before the first one", async () => {
    expect(await run("systemctl is-enabled mastodon-housekeeping.timer")).toBe("enabled");
    expect(await run("systemctl list-timers --no-legend mastodon-housekeeping.timer")).toMatch(
      / 05:30:00 UTC /,
    );
    expect(await status()).toEqual({ running: false, parts: { media: null, cards: null } });
  });

  test("what is old and of another server goes; the report has what tootctl counted, and no container is left", async () => {
    await attach(3 << 20, 20);
    await attach(1 << 20, 15);
    await attach(1 << 20, 2);
    await attach(1 << 20, 20, "");
    await run("systemctl start mastodon-housekeeping.service");
    expect(report()).toMatchObject({
      media: { ok: true, count: 2, bytes: 4 << 20, errors: 0 },
      cards: { ok: true, count: 0, bytes: 0 },
    });
    expect(await left()).toBe("2");
    expect(await status()).toMatchObject({
      running: false,
      parts: { media: { ok: true }, cards: { ok: true } },
    });
    expect(await run("docker ps --all --quiet --filter name=housekeeping")).toBe("");
  });

  /** A part that lasts: until what it waits for is gone. */
  const begun = async () => {
    await attach(1, 20, "https://slow.example/");
    await run("systemctl start --no-block mastodon-housekeeping.service");
    // Not by its log, of which Docker keeps a line back until it is complete.
    await bed().main.waitFor("its container", 60, async () =>
      (
        await bed().main.attempt("docker inspect --format '{{.State.Running}}' housekeeping")
      ).stdout.startsWith("true"),
    );
    // It starts by way of compose, which has to be done.
    await sleep(5000);
  };
  const ended = () =>
    bed().main.waitFor("its end", 90, async () =>
      /^(inactive|failed)$/.test(
        (await bed().main.attempt("systemctl is-active mastodon-housekeeping.service")).stdout.trim(),
      ),
    );
  const unslow = () => bed().sql("DELETE FROM media_attachments WHERE remote_url = 'https://slow.example/'");

  test("it makes way for a dump", async () => {
    await begun();
    expect((await status()).running).toBe(true);
    await run("systemctl stop mastodon-backup-due.timer");
    // As a dump does it: a unit of that name, which is still at work.
    await run(
      "mkdir -p /run/systemd/system/mastodon-backup-dump.service.d && printf '[Service]\\nExecStart=\\nExecStart=/bin/sleep 20\\n' >/run/systemd/system/mastodon-backup-dump.service.d/slow.conf && systemctl daemon-reload && systemctl start --no-block mastodon-backup-dump.service",
    );
    await bed().main.waitFor("the part to stop", 60, async () => report().media.stopped === true);
    await unslow();
    await ended();
    expect(report()).toMatchObject({
      media: { error: "it was stopped for mastodon-backup-dump, and goes on tomorrow", count: 2 },
      cards: { ok: true },
    });
    expect(await run("systemctl is-failed mastodon-housekeeping.service || true")).toBe("inactive");
    await run(
      "rm -r /run/systemd/system/mastodon-backup-dump.service.d && systemctl daemon-reload && systemctl start mastodon-backup-due.timer",
    );
  });

  test("killed, it leaves no container and a report that says so; the next one does the rest", async () => {
    await begun();
    // As memory that runs out does it. Without that option, systemctl would also kill what cleans up; the next run does it then.
    await run("systemctl kill --kill-whom=main --signal=KILL mastodon-housekeeping.service");
    await ended();
    expect(await run("docker ps --all --quiet --filter name=housekeeping")).toBe("");
    const killed = await bed().main.attempt("mastodon-housekeeping status");
    expect([killed.code, killed.stderr]).toEqual([1, "mastodon-housekeeping: media: it was interrupted\n"]);
    await unslow();
    await run("systemctl start mastodon-housekeeping.service");
    expect(await status()).toMatchObject({ parts: { media: { ok: true }, cards: { ok: true } } });
  });
}
