/** How machines are reached. */
import { existsSync, readFileSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { ownSsh, withStackKey } from "../../operations/ssh";

test("the stack's key is in a file that only its owner reads, for as long as it is needed", async () => {
  let key = "";
  const command = await withStackKey("PRIVATE\n\n", async (ssh) => {
    const command = ssh({ host: "mastodon-prod-main-abc", hostKey: "ssh-ed25519 AAAA" });
    key = command[command.indexOf("-i") + 1] ?? "";
    expect(readFileSync(key, "utf8")).toBe("PRIVATE\n");
    expect(statSync(key).mode & 0o777).toBe(0o600);
    expect(statSync(dirname(key)).mode & 0o777).toBe(0o700);
    const known = command.find((part) => part.startsWith("UserKnownHostsFile="))?.split("=")[1] ?? "";
    expect(readFileSync(known, "utf8")).toBe("mastodon-prod-main-abc ssh-ed25519 AAAA\n");
    return command;
  });
  expect(existsSync(key)).toBe(false);
  // No file of this machine's user takes part, and no other host key is accepted.
  expect(command.slice(0, 3)).toEqual(["ssh", "-F", "none"]);
  for (const option of ["IdentitiesOnly=yes", "StrictHostKeyChecking=yes", "GlobalKnownHostsFile=/dev/null"])
    expect(command).toContain(option);
  expect(command.at(-1)).toBe("root@mastodon-prod-main-abc");
});

test("the key is removed after a failure too", async () => {
  let key = "";
  await expect(
    withStackKey("PRIVATE", async (ssh) => {
      const command = ssh({ host: "h", hostKey: "k" });
      key = command[command.indexOf("-i") + 1] ?? "";
      throw new Error("no route");
    }),
  ).rejects.toThrow("no route");
  expect(key).not.toBe("");
  expect(existsSync(key)).toBe(false);
});

test("your own machine is reached with your own configuration, and asks nothing", () => {
  const command = ownSsh("drill.example");
  expect(command).toContain("BatchMode=yes");
  expect(command).not.toContain("-F");
  expect(command.at(-1)).toBe("root@drill.example");
});
