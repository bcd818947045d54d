/** The script that main gets, with jq and flock as they are, and stand-ins for Docker, systemd and Mastodon around it. */
import { type SpawnSyncReturns, spawnSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { housekeepingParts } from "../../services/housekeeping";
import { fileOf, settings } from "../support/fixtures";
import { mainBundle } from "../support/mainFixtures";

const parts = (housekeeping: Record<string, unknown> = {}) =>
  housekeepingParts(settings({ upkeep: { housekeeping } }));

describe("what tootctl is asked", () => {
  test("media and cards every night by default; profiles and orphans only if somebody says so", () => {
    expect(parts()).toEqual({
      media: { tootctl: ["media", "remove", "--days", "14", "--concurrency", "2"], everyDays: 1 },
      cards: { tootctl: ["preview_cards", "remove", "--days", "60", "--concurrency", "2"], everyDays: 1 },
    });
  });

  test("each part with its setting, and none with 0", () => {
    const all = {
      mediaDays: 7,
      keepInteracted: true,
      previewCardDays: 30,
      profileDays: 90,
      orphans: "monthly",
    };
    expect(Object.values(parts(all)).map(({ tootctl }) => tootctl.join(" "))).toEqual([
      "media remove --keep-interacted --days 7 --concurrency 2",
      "preview_cards remove --days 30 --concurrency 2",
      "media remove --prune-profiles --days 90 --concurrency 2",
      "media remove-orphans",
    ]);
    expect(parts({ mediaDays: 0, previewCardDays: 0 })).toEqual({});
  });
});

test("it comes three hours after the backup, past midnight too, with the first up", () => {
  const bundle = (time: string) => mainBundle({ backups: { time } });
  const timer = (time: string) => fileOf(bundle(time), "/etc/systemd/system/mastodon-housekeeping.timer");
  expect(timer("02:30").content).toContain("OnCalendar=*-*-* 05:30:00 UTC");
  expect(timer("22:15").content).toContain("OnCalendar=*-*-* 01:15:00 UTC");
  const files = bundle("02:30").files.filter(({ path }) => path.includes("housekeeping"));
  expect(files).toHaveLength(5);
  expect(files.every(({ late }) => late)).toBe(true);
});

/** A main in a folder. Its containers end at once with what is written for their words; its units are in the files of their names. */
class Main {
  readonly folder = mkdtempSync(join(tmpdir(), "housekeeping-"));

  constructor(housekeeping: Record<string, unknown> = {}) {
    for (const name of ["bin", "lib", "etc", "state", "units", "said"]) mkdirSync(join(this.folder, name));
    const bundle = mainBundle({ upkeep: { housekeeping } });
    this.put(
      "mastodon-housekeeping",
      this.here(fileOf(bundle, "/usr/local/sbin/mastodon-housekeeping").content),
    );
    writeFileSync(
      join(this.folder, "lib/common.sh"),
      this.here(fileOf(bundle, "/usr/local/lib/mastodon-host/common.sh").content),
    );
    writeFileSync(join(this.folder, "etc/host.env"), "");
    writeFileSync(
      join(this.folder, "etc/housekeeping.json"),
      fileOf(bundle, "/etc/mastodon-host/housekeeping.json").content,
    );
    writeFileSync(join(this.folder, "units/mastodon.service"), "active");
    // What was asked becomes the container's, until it is removed.
    this.put(
      "mastodon-compose",
      `echo "$*" >>asked; all=$*; words=\${all#*tootctl }; [[ -e "said/$words" ]] || { echo "no such service"; exit 1; }
       cp "said/$words" container; cp "said/$words.code" code 2>/dev/null || echo 0 >code; cp "said/$words.runs" runs 2>/dev/null || true`,
    );
    this.put(
      "docker",
      `case $1 in
         rm) rm -f container code runs ;;
         logs) if [[ $2 == --tail ]]; then tail -n 1 container; else cat container; fi ;;
         stop) rm -f runs; echo stopped >>asked ;;
         update) echo "$*" >>asked ;;
         inspect) if [[ $3 == *Running* ]]; then if [[ -e runs ]]; then echo true; else echo false; fi; else cat code; fi ;;
       esac`,
    );
    this.put(
      "systemctl",
      `state=$(cat "units/\${@: -1}" 2>/dev/null || echo inactive); if [[ $1 != -q ]]; then echo "$state"; fi; [[ $state == active ]]`,
    );
    this.put("pgrep", "test -e restore");
    this.put("postgres-upgrade", 'echo "postgres-upgrade $*" >>asked; [[ ! -e broken ]]');
    // Time passes, and what was waited for may have ended.
    this.put("sleep", "if [[ -e later ]]; then bash later; fi");
  }

  private here(text: string): string {
    return text
      .replaceAll("/usr/local/lib/mastodon-host", join(this.folder, "lib"))
      .replaceAll("/etc/mastodon-host", join(this.folder, "etc"))
      .replaceAll("/var/lib/mastodon-host", join(this.folder, "state"))
      .replaceAll("/run/mastodon-drill.lock", join(this.folder, "drill.lock"));
  }

  private put(name: string, script: string): void {
    const path = join(this.folder, "bin", name);
    writeFileSync(path, script.startsWith("#!") ? script : `#!/bin/bash\n${script}\n`);
    chmodSync(path, 0o755);
  }

  write(name: string, text: string): void {
    writeFileSync(join(this.folder, name), text);
  }

  /** What tootctl prints for its words, and its exit code. */
  says(words: string, output: string, code = 0): this {
    this.write(`said/${words}`, output);
    this.write(`said/${words}.code`, String(code));
    return this;
  }

  run(word: string, before = ""): SpawnSyncReturns<string> {
    return spawnSync("bash", ["-c", `${before}\nexec mastodon-housekeeping ${word}`], {
      cwd: this.folder,
      // With a socket as its standard input, bash would read ~/.bashrc.
      stdio: ["ignore", "pipe", "pipe"],
      encoding: "utf8",
      env: { PATH: `${join(this.folder, "bin")}:/usr/bin:/bin` },
    });
  }

  asked(): string[] {
    const path = join(this.folder, "asked");
    return existsSync(path) ? readFileSync(path, "utf8").trim().split("\n") : [];
  }

  // biome-ignore lint/suspicious/noExplicitAny: compared as a whole
  report(): any {
    return JSON.parse(readFileSync(join(this.folder, "state/housekeeping-status.json"), "utf8"));
  }
}

const MEDIA = "media remove --days 14 --concurrency 2";
const CARDS = "preview_cards remove --days 60 --concurrency 2";
const PROFILES = "media remove --prune-profiles --days 90 --concurrency 2";
const ORPHANS = "media remove-orphans";
/** As tootctl prints it where no terminal is: the bar, and its last line. */
const removed = (count: number, what: string, size: string, ...errors: string[]) =>
  `|${"=".repeat(20)}\n${errors.map((one) => `${one}\n`).join("")}${"=".repeat(80)}|\nRemoved ${count} ${what} (approx. ${size})\n`;
const media = (...rest: [number, string, ...string[]]) =>
  removed(rest[0], "media attachments", ...(rest.slice(1) as [string, ...string[]]));
const cards = removed(3, "preview cards", "120 KB");

const mains: Main[] = [];
const main = (housekeeping: Record<string, unknown> = {}) => {
  const one = new Main(housekeeping);
  mains.push(one);
  return one;
};
afterAll(() => {
  for (const { folder } of mains) rmSync(folder, { recursive: true });
});

describe("a run", () => {
  test("does each part in a container with less of the CPU, and reports what it freed", () => {
    const here = main({ profileDays: 90, orphans: "monthly" })
      .says(MEDIA, media(1204, "3.21 GB"))
      .says(CARDS, cards)
      .says(PROFILES, "|===|\nVisited 5021 accounts and removed profile media totaling 512 Bytes\n")
      .says(
        ORPHANS,
        "Found and removed orphan: cache/accounts/avatars/1/original/a.png\nRemoved 1 orphans (approx. 1 Byte)\n",
      );
    expect(here.run("run")).toMatchObject({ status: 0 });
    const report = here.report();
    expect(Object.keys(report)).toEqual(["media", "cards", "profiles", "orphans"]);
    expect(report).toMatchObject({
      media: { ok: true, count: 1204, bytes: Math.floor(3.21 * 2 ** 30), errors: 0 },
      cards: { ok: true, count: 3, bytes: 120 * 1024 },
      profiles: { ok: true, count: 5021, bytes: 512 },
      orphans: { ok: true, count: 1, bytes: 1 },
    });
    expect(report.media.lastSuccess).toBe(report.media.time);
    expect(here.asked().slice(0, 3)).toEqual([
      "postgres-upgrade expire",
      `run --detach --no-deps --name housekeeping -e DEFAULT_LOCALE=en tools tootctl ${MEDIA}`,
      "update --cpu-shares 128 housekeeping",
    ]);
    // By hand, later on the same day: all but the monthly part.
    here.write("asked", "");
    here.run("run");
    expect(here.asked().filter((line) => line.startsWith("run "))).toHaveLength(3);
    // Nothing is left of the containers.
    expect(existsSync(join(here.folder, "container"))).toBe(false);
    expect(here.run("status")).toMatchObject({ status: 0, stderr: "" });
  });

  test.each<[string, string, number, string]>([
    ["that is killed for its memory", "|==", 137, "tootctl ended with 137: |=="],
    ["without a result", "nothing to say\n", 0, "tootctl gave no result: nothing to say"],
    [
      "that could remove nothing, which tootctl ends with 0",
      media(
        2,
        "0 Bytes",
        "Error processing 7: no route to the bucket",
        "Error processing 8: no route to the bucket",
      ),
      0,
      "Error processing 7: no route to the bucket",
    ],
  ])("of a part %s fails, keeps what it freed before, and holds up no other", (_, output, code, error) => {
    const here = main().says(MEDIA, media(5, "5 MB")).says(CARDS, cards);
    here.run("run");
    const { media: before } = here.report();
    rmSync(join(here.folder, "state/housekeeping-status.json"));
    here.write("state/housekeeping-status.json", JSON.stringify({ media: { ...before, ok: false } }));
    here.says(MEDIA, output, code);
    expect(here.run("run").status).toBe(1);
    expect(here.report()).toMatchObject({
      media: { ok: false, error, count: 5, bytes: 5 * 2 ** 20, lastSuccess: before.lastSuccess },
      cards: { ok: true },
    });
    const status = here.run("status");
    expect([status.status, status.stderr]).toEqual([1, `mastodon-housekeeping: media: ${error}\n`]);
  });

  test("takes a few files that fail for what they are, and says so", () => {
    const here = main()
      .says(MEDIA, media(900, "1.5 MB", "Error processing 7: it is too large"))
      .says(CARDS, cards);
    expect(here.run("run").status).toBe(0);
    expect(here.report().media).toMatchObject({
      ok: true,
      errors: 1,
      error: "Error processing 7: it is too large",
    });
  });

  test("is not fooled by a list of the bucket that broke off, after which tootctl counts what it has found", () => {
    const here = main({ orphans: "monthly" })
      .says(MEDIA, media(0, "0 Bytes"))
      .says(CARDS, cards)
      .says(ORPHANS, "Error fetching list of files: Access Denied\nRemoved 7 orphans (approx. 5 MB)\n");
    expect(here.run("run").status).toBe(1);
    expect(here.report().orphans.error).toBe("Error fetching list of files: Access Denied");
  });

  test("looks for orphans again after a month, or the next night if it failed; and forgets parts that are off", () => {
    const at = (days: number) => new Date(Date.now() - days * 86_400_000).toISOString().replace(/\.\d+/, "");
    const nights = (orphans: object) => {
      const here = main({ orphans: "monthly", mediaDays: 0, previewCardDays: 0 }).says(
        ORPHANS,
        removed(0, "orphans", "0 Bytes"),
      );
      here.write("state/housekeeping-status.json", JSON.stringify({ orphans, media: { ok: true } }));
      here.run("run");
      expect(Object.keys(here.report())).toEqual(["orphans"]);
      return here.asked().some((line) => line.includes(ORPHANS));
    };
    expect(nights({ ok: true, time: at(20), lastSuccess: at(20) })).toBe(false);
    expect(nights({ ok: true, time: at(30), lastSuccess: at(30) })).toBe(true);
    expect(nights({ ok: false, time: at(1), lastSuccess: at(20) })).toBe(true);
  });

  test("an old cluster that could not be removed fails the run after its parts", () => {
    const here = main().says(MEDIA, media(0, "0 Bytes")).says(CARDS, cards);
    here.write("broken", "");
    expect(here.run("run").status).toBe(1);
    expect(here.report()).toMatchObject({ media: { ok: true }, cards: { ok: true } });
  });

  test("that is killed leaves a part that says so, until the next one", () => {
    const here = main().says(MEDIA, media(1, "1 MB")).says(CARDS, cards);
    here.write(`said/${MEDIA}.runs`, "");
    here.write("later", "kill -KILL $(<pid)");
    expect(here.run("run", "echo $$ >pid").signal).toBe("SIGKILL");
    expect(here.report().media).toMatchObject({ ok: false, error: "it was interrupted" });
    expect(here.run("status").stderr).toBe("mastodon-housekeeping: media: it was interrupted\n");
    // While one runs, that is how it looks, and no trouble.
    here.write("units/mastodon-housekeeping.service", "activating");
    expect(here.run("status")).toMatchObject({ status: 0, stderr: "" });
    rmSync(join(here.folder, `said/${MEDIA}.runs`));
    rmSync(join(here.folder, "later"));
    expect(here.run("run").status).toBe(0);
    expect(here.report().media).toEqual(expect.not.objectContaining({ error: expect.anything() }));
  });
});

describe("it does not run during", () => {
  const BUSY: [string, string, string][] = [
    ["a backup", "echo activating >units/mastodon-backup.service", "rm -f units/mastodon-backup.service"],
    [
      "a dump",
      "echo activating >units/mastodon-backup-dump.service",
      "rm -f units/mastodon-backup-dump.service",
    ],
    [
      "an upgrade of Mastodon",
      "echo activating >units/mastodon-upgrade.service",
      "rm -f units/mastodon-upgrade.service",
    ],
    [
      "an upgrade of Postgres",
      "echo activating >units/postgres-upgrade.service",
      "rm -f units/postgres-upgrade.service",
    ],
    ["a restore", "touch restore", "rm -f restore"],
    ["a stop of Mastodon", "echo inactive >units/mastodon.service", "echo active >units/mastodon.service"],
  ];

  test.each(BUSY)("%s: it waits for its end", (_, begin, end) => {
    const here = main().says(MEDIA, media(1, "1 MB")).says(CARDS, cards);
    // Asked at the moment of each wait.
    here.write("later", `cp asked asked-meanwhile 2>/dev/null; ${end}`);
    const { status, stderr } = here.run("run", begin);
    expect([status, stderr]).toEqual([0, expect.stringMatching(/^mastodon-housekeeping: waiting for /)]);
    expect(existsSync(join(here.folder, "asked-meanwhile"))).toBe(false);
    expect(here.report()).toMatchObject({ media: { ok: true }, cards: { ok: true } });
  });

  test.each(["drill.lock", "state/lock"])("what holds %s: it waits for its end", (lock) => {
    const here = main().says(MEDIA, media(1, "1 MB")).says(CARDS, cards);
    here.write("later", "rm -f held; /bin/sleep 0.3");
    const { status, stderr } = here.run(
      "run",
      `touch held; flock ${lock} bash -c 'while [[ -e held ]]; do /bin/sleep 0.05; done' & until ! flock -n ${lock} true 2>/dev/null; do /bin/sleep 0.02; done`,
    );
    expect([status, stderr]).toEqual([
      0,
      expect.stringMatching(/^mastodon-housekeeping: waiting for an? (drill|apply)\n/),
    ]);
  });

  test("one that begins meanwhile: the part is stopped, is no failure, and is the next night's first", () => {
    const here = main().says(MEDIA, media(1, "1 MB")).says(CARDS, cards);
    here.write(`said/${MEDIA}.runs`, "");
    here.write(
      "later",
      "if [[ ! -e once ]]; then touch once; echo activating >units/mastodon-upgrade.service; else rm -f units/mastodon-upgrade.service; fi",
    );
    expect(here.run("run").status).toBe(0);
    expect(here.asked()).toContain("stopped");
    expect(here.report()).toMatchObject({
      media: { ok: false, stopped: true, error: "it was stopped for mastodon-upgrade, and goes on tomorrow" },
      cards: { ok: true },
    });
    expect(here.run("status")).toMatchObject({ status: 0, stderr: "" });
    rmSync(join(here.folder, `said/${MEDIA}.runs`));
    here.run("run");
    expect(here.report().media).toMatchObject({ ok: true, count: 1 });
    expect(here.report().media).not.toHaveProperty("stopped");
  });
});

test("a part that was not done for more than a week is late", () => {
  const here = main();
  const old = new Date(Date.now() - 9 * 86_400_000).toISOString().replace(/\.\d+/, "");
  here.write(
    "state/housekeeping-status.json",
    JSON.stringify({ media: { ok: false, stopped: true, time: old, lastSuccess: old } }),
  );
  expect(here.run("status").stderr).toBe(`mastodon-housekeeping: media: not done since ${old}\n`);
});

test("before the first run, nothing is known and nothing is wrong", () => {
  const { status, stdout } = main().run("status");
  expect([status, JSON.parse(stdout)]).toEqual([0, { running: false, parts: { media: null, cards: null } }]);
});
