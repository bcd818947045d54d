/** `npm run drill` before it asks anybody, and what it asks Docker for. */
import { join } from "node:path";
import { withKey } from "../../../operations/drill/drill";
import { container, nextMajor } from "../../../operations/drill/stackDrill";
import { attempt } from "../../../tools/run";

const drill = (args: string[], env: NodeJS.ProcessEnv = process.env) =>
  attempt(
    [
      process.execPath,
      "-r",
      "ts-node/register",
      join(__dirname, "../../../operations/drill/cli.ts"),
      ...args,
    ],
    { env, timeout: 60 },
  );

test("--help says what it does and how it ends", async () => {
  const { code, stdout } = await drill(["--help"]);
  expect(code).toBe(0);
  expect(stdout).toContain("npm run drill -- --on docker [--stack NAME]");
  expect(stdout).toContain("Exits with 0 if the drill passed, with 1 if it failed");
}, 60_000);

test.each([
  [[], "Say where the copy goes: --on docker, or --on HOST."],
  [["--on", "-oProxyCommand=x"], "Option '--on' argument is ambiguous"],
  [["--on", "root@drill.example"], "--on is root@drill.example; write docker, or a host's name."],
  [["--on", "docker", "--folder", "mnt"], "--folder is mnt; write an absolute path, such as /mnt."],
  [["--on", "docker", "--host-key", "ssh-ed25519 A"], "--host-key is for --on HOST."],
])(
  "%j is refused: %s",
  async (args, says) => {
    const { code, stderr } = await drill(args);
    expect({ code, first: stderr.split("\n")[0] }).toEqual({ code: 2, first: expect.stringContaining(says) });
  },
  60_000,
);

test("without the Pulumi CLI it says where to get it", async () => {
  expect(await drill(["--on", "docker"], { ...process.env, PATH: "/nonexistent" })).toEqual({
    code: 2,
    stdout: "",
    stderr: "There is no `pulumi` on PATH. Install the Pulumi CLI: https://www.pulumi.com/docs/install/\n",
  });
}, 60_000);

test("the container goes with its command, and keeps the configuration in memory", () => {
  const plain = container("/var/lib");
  expect(plain.slice(0, 2)).toEqual(["docker", "run"]);
  for (const option of ["--rm", "--interactive", "--tmpfs=/run:mode=755"]) expect(plain).toContain(option);
  expect(plain.join(" ")).not.toContain("--volume");
  expect(plain.at(-1)).toBe("debian:trixie");
  expect(container("/mnt/room")).toContain("--volume=/mnt/room:/mnt/room");
});

test("the next version of Postgres is tried, and none after the newest", () => {
  expect([15, 16, 17, 18].map(nextMajor)).toEqual([16, 17, 18, 0]);
});

test("the repository is opened with the stack's key, whatever characters it has", () => {
  const configuration = "[global]\nrepo1-cipher-pass=main's\nrepo1-path=/pgbackrest\n";
  expect(withKey(configuration, "a$&b$1=c")).toBe(
    "[global]\nrepo1-cipher-pass=a$&b$1=c\nrepo1-path=/pgbackrest\n",
  );
  expect(() => withKey("[global]\n", "x")).toThrow("run pulumi up first");
});
