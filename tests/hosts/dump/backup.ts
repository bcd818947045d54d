/** A night on which all goes well. */
import { mainInputs } from "../../support/mainFixtures";
import type { Beds } from "./bed";

/** awscli's. */
const PART = 8 * 1024 * 1024;
const NONE = { key: "", size: 0, etag: "" };

export function backupTests(bed: Beds): void {
  test("before the first dump the status fails and says that none has run", async () => {
    expect(await bed().main.attempt("mastodon-backup status")).toMatchObject({
      code: 1,
      stderr: "mastodon-backup: no dump has run yet\n",
    });
  });

  test("the next night's is due at the time that the settings name", async () => {
    const due = await bed().main.run("systemctl show -P NextElapseUSecRealtime mastodon-backup-dump.timer");
    expect(due).toMatch(new RegExp(` ${mainInputs().settings.backups.time}:00 UTC\n$`));
    expect(await bed().main.run("systemctl is-enabled mastodon-backup-dump.timer")).toBe("enabled\n");
  });

  test("the nightly unit puts an encrypted dump under the time of its start, and no secret on a command line", async () => {
    const { result, seen } = await bed().watched(() => bed().backup());
    expect(result).toMatchObject({ code: 0, status: { code: 0 } });
    const { dump: status } = JSON.parse(result.status.stdout);
    const objects = await bed().dumps();
    expect(objects).toHaveLength(1);
    const [{ key, size, etag } = NONE] = objects;
    expect(key).toMatch(/^database\/\d{4}-\d\d-\d\dT\d{6}Z\.dump\.gpg$/);
    expect(status).toEqual({
      ok: true,
      time: key.replace(/^database\/(.*T\d\d)(\d\d)(\d\dZ).*$/, "$1:$2:$3"),
      lastSuccess: status.time,
      object: key,
      bytes: size,
      seconds: expect.any(Number),
    });
    expect(size).toBeGreaterThan(PART);
    expect(etag).toMatch(/-2$/);

    for (const part of ["bin/pg_dump\n", "gpg\n", "bin/aws\n", "--passphrase-file\n"])
      expect(seen).toContain(part);
  });

  test("what arrives is AES-256 and opens with the backup key alone", async () => {
    const [{ key } = NONE] = await bed().dumps();
    await bed().fetch(key, "/var/tmp/dump.gpg");
    const packets = (passphrase: string) =>
      bed().main.attempt(
        `gpg --batch --pinentry-mode loopback --passphrase-file ${passphrase} --list-packets /var/tmp/dump.gpg 2>&1`,
      );
    const right = await packets("/etc/mastodon-host/secrets/backup-key");
    expect(right.stdout).toMatch(/symkey enc packet: version 4, cipher 9,/);
    expect(right.code).toBe(0);
    const wrong = await packets("/etc/mastodon-host/secrets/redis-password");
    expect(wrong.stdout).toContain("decryption failed: Bad session key");
    expect(wrong.code).toBe(2);
  });

  test("main can put dumps, and can neither list, read nor delete them", async () => {
    const [{ key } = NONE] = await bed().dumps();
    const writer = async (method: string, path: string) =>
      (await bed().bucket.request("writer", method, path)).status;
    expect(await writer("GET", "?list-type=2")).toBe(403);
    expect(await writer("GET", key)).toBe(403);
    expect(await writer("DELETE", key)).toBe(403);
    expect(await bed().dumps()).toHaveLength(1);
  });

  test("a full data volume keeps no dump from being made", async () => {
    await bed().main.run("fallocate -l $(df --output=avail -B1 /srv/data | tail -n 1) /srv/data/fill");
    const { code, status } = await bed().backup();
    await bed().main.run("rm /srv/data/fill");
    expect({ code, status: status.code }).toEqual({ code: 0, status: 0 });
    expect(await bed().dumps()).toHaveLength(2);
  });

  test("the status fails when the last success is older than 26 hours", async () => {
    const report = "/var/lib/mastodon-host/backup-status.json";
    await bed().forgetFailures();
    const age = (minutes: number) =>
      bed().main.run(
        `jq --arg then "$(date -u -d '-${minutes} minutes' +%FT%TZ)" '.dump.lastSuccess = $then' ${report} >/run/older && cp /run/older ${report}`,
      );
    await age(26 * 60 - 1);
    expect((await bed().main.attempt("mastodon-backup status")).code).toBe(0);
    await age(26 * 60 + 1);
    expect(await bed().main.attempt("mastodon-backup status")).toMatchObject({
      code: 1,
      stderr: "mastodon-backup: the last dump failed or is older than 26 hours\n",
    });
  });
}
