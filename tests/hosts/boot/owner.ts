/** The owner's account: made once, as soon as Mastodon takes its address. */
import type { Machine } from "../../../lab/machine";
import { sql } from "./ask";

const FILE = "/root/owner-password";

export function ownerTests(main: () => Machine): void {
  const journal = () => main().run("journalctl -q -o cat -u owner-account");
  const count = () => sql(main(), "SELECT count(*) FROM accounts WHERE username = 'owner'");

  test("while its mail domain is not in DNS the account is not made, by its timer, which says why and tries again, without starting Rails", async () => {
    const waits = "owner-account: @owner is made once the mail domain example.org is in DNS\n";
    await main().waitFor("the timer", 90, async () => (await journal()).includes(waits));
    await main().run("systemctl start owner-account.service");
    // Nobody has asked Mastodon.
    expect(await journal()).not.toContain("not made");
    expect(main().has(FILE)).toBe(false);
    expect(await count()).toBe("0");
    expect(await main().run("systemctl show -P SubState owner-account.timer")).toBe("waiting\n");
  });

  test("then it is made once, and its password is in a file of root's and in no log", async () => {
    await main().run("echo '192.0.2.1 example.org' >>/etc/hosts && systemctl start owner-account.service");
    expect(await main().run(`stat -c '%a %U' ${FILE}`)).toBe("600 root\n");
    const password = main().read(FILE).trim();
    expect(password).toMatch(/^[0-9a-f]{32}$/);
    expect(await journal()).toContain("made @owner; the password is in /root/owner-password\n");
    expect(
      await main().run(
        "journalctl -q -o cat | grep -cFf /root/owner-password; grep -rlFf /root/owner-password /var/log || true",
      ),
    ).toBe("0\n");
    expect(await count()).toBe("1");
  });

  test("neither the timer nor a machine that takes over the database makes a second one, or another password", async () => {
    const password = main().read(FILE);
    await main().run("systemctl start owner-account.service");
    expect(await main().run("systemctl show -P ConditionResult owner-account.service")).toBe("no\n");
    // As on a fresh root.
    await main().run(`rm /var/lib/mastodon-host/owner-account && mv ${FILE} ${FILE}.old`);
    await main().run("systemctl start owner-account.service");
    expect(main().has(FILE)).toBe(false);
    expect(main().has("/var/lib/mastodon-host/owner-account")).toBe(true);
    expect(await count()).toBe("1");
    await main().run(`mv ${FILE}.old ${FILE}`);
    expect(main().read(FILE)).toBe(password);
  });
}
