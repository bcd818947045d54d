/** Main's credentials are stolen: everything that they can delete or overwrite is gone, and comes back from the bucket's versions. */
import { type Beds, SERVING } from "./bed";

export function stolenTests(bed: Beds): void {
  let before = "";
  let rows: unknown;

  test("what main's key can do: hide and overwrite its repository and the copies of Redis, and delete no version", async () => {
    await bed().sql(
      "INSERT INTO statuses (account_id, text) VALUES ((SELECT min(id) FROM accounts), 'before the theft')",
    );
    await bed().backup();
    rows = await bed().rows();
    await bed().until("the last WAL", 90, ({ waiting }) => waiting.segments === 0);
    before = await bed().moment();
    const objects = await bed().bucket.objects();
    const thief = async (method: string, path: string) =>
      (await bed().bucket.request("writer", method, path)).status;
    for (const [index, { key, versionId }] of objects.entries()) {
      const path = encodeURI(key);
      expect(await thief("DELETE", `${path}?versionId=${versionId}`)).toBe(403);
      const isRepository = key.startsWith("pgbackrest/");
      expect([key, await thief("DELETE", path)]).toEqual([key, isRepository ? 204 : 403]);
      // Half of it is overwritten as well.
      if (index % 2 === 0) expect(await thief("PUT", path)).toBe(200);
    }
  });

  test("a new volume does not take the ruins for an empty bucket", async () => {
    const main = await bed().newMain();
    await main.start();
    expect(await main.booted()).toBe("error");
    await main.run("systemctl stop host-apply");
    const journal = await main.run("journalctl -o cat | grep -E '(55-postgres|restore-volume): '");
    console.log(journal);
    expect(await main.run("xfs_io -c label /srv/data")).toContain('"mastodon-new"');
  });

  test("as the bucket was before, everything comes back", async () => {
    const { code, stderr } = await bed().main.attempt(`mastodon-restore latest --as-of '${before}'`, {
      timeout: 600,
    });
    console.log(stderr);
    expect(code).toBe(0);
    await bed().main.waitFor("Mastodon", 300, async () => (await bed().states()).join() === SERVING.join());
    expect(await bed().rows()).toEqual(rows);
  });

  test("the repository is begun anew, and restores again", async () => {
    await bed().backedUp();
    await bed().afterUp();
    const status = await bed().status();
    expect(status).toMatchObject({ ok: true, kind: "full" });
    const moment = await bed().moment();
    await bed().sql("DELETE FROM statuses");
    expect((await bed().main.attempt(`mastodon-restore time '${moment}' --yes`, { timeout: 600 })).code).toBe(
      0,
    );
    expect(await bed().rows()).toEqual(rows);
  });
}
