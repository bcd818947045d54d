/** Redis alone, as a restore puts it back: from copies, and from what was appended to them. */
import type { Beds } from "./bed";

const FILE = "/var/lib/redis/appendonly.aof";

export function redisTests(bed: Beds): void {
  const copied = () => bed().main.run("mastodon-backup redis");
  /** A second apart from what was copied before and what comes later. */
  const moment = async () => Date.parse(await bed().moment()) / 1000;
  /** What earlier tests wrote is still in the file. */
  let number = 0;
  const write = (word: string) => bed().redis(`RPUSH list ${word}-${number}`);
  /** What a restore to that second says, and what Redis would start with. */
  const put = async (second: number) => {
    const libraries = ["common", "clusters", "repository", "recovery"].map(
      (name) => `. /usr/local/lib/mastodon-host/${name}.sh`,
    );
    const { code, stderr } = await bed().main.attempt(
      `bash -c 'set -euo pipefail; ${libraries.join("; ")}; put_redis ${second}'`,
    );
    const words = await bed().main.run(
      `sed -nE 's/^(first|second|third)-${number}\\r?$/\\1/p' ${FILE} | tr '\\n' ' '; rm ${FILE}`,
    );
    return { code, said: stderr.trim(), words: words.trim() };
  };
  const restart = async () => {
    await bed().main.run("systemctl restart redis-server");
    await bed().main.waitFor("Redis", 60, async () => (await bed().redis("PING")) === "PONG");
  };
  const at = (second: number) =>
    `Redis begins as it was at ${new Date(second * 1000).toISOString().replace("T", " ").slice(0, 19)}+00`;

  const newestBase = async () =>
    Number(
      await bed().main.run(
        "sed -nE 's/^file .* seq ([0-9]+) type b.*/\\1/p' /var/lib/redis/appendonlydir/*.manifest",
      ),
    );

  // Each begins with a new copy.
  beforeEach(async () => {
    number += 1;
    await bed().main.run("systemctl stop mastodon-backup-redis.timer");
    await restart();
    await copied();
    await write("first");
  });
  afterEach(() => bed().main.run("systemctl start mastodon-backup-redis.timer"));

  test("a part that was copied later has everything until then", async () => {
    const second = await moment();
    await write("second");
    await copied();
    expect(await put(second)).toEqual({ code: 0, said: expect.stringContaining(at(second)), words: "first" });
  });

  test("two copies at once take nothing twice", async () => {
    await write("second");
    await bed().main.run("mastodon-backup redis & mastodon-backup redis & wait");
    expect((await put(await moment())).words).toBe("first second");
  });

  test("if Redis started again before it was copied, the new copy has everything until then", async () => {
    const second = await moment();
    await write("second");
    await restart();
    await copied();
    const { said, words } = await put(second);
    expect([said, words]).toEqual([expect.stringContaining(at(second)), "first"]);
  });

  test("if the new copy begins later, what was copied before is used, and it says until when", async () => {
    await copied();
    const until = await bed().status();
    const base = await newestBase();
    const second = await moment();
    await write("second");
    await bed().redis("BGREWRITEAOF");
    await bed().main.waitFor("the new base", 60, async () => (await newestBase()) > base);
    await restart();
    await write("third");
    await copied();
    const { said, words } = await put(second);
    const time = until.redis?.object?.replace(/.*\/|\.gpg$/g, "").replace(/T(..)(..)(..)Z/, " $1:$2:$3+00");
    expect([said, words]).toEqual([
      expect.stringContaining(`Redis begins as it was at ${time}, the last copy that can be used`),
      "first",
    ]);
  });
}
