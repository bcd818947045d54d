/** drain.sh as `pulumi up` runs it, with a stand-in for ssh. */
import { chmodSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { attempt } from "../../rehearsal/run";

const SCRIPT = join(__dirname, "../../components/drain.sh");
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "drain-test-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** @param code what ssh exits with */
async function drain(code: number) {
  const ssh = `#!/bin/bash
    while (($# > 1)); do
      case $1 in
        -i) stat -c 'key %a' "$2"; cat "$2" ;;
        UserKnownHostsFile=*) cat "\${1#*=}" ;;
      esac
      last=$1; shift
    done
    echo "$last runs $1"
    exit ${code}`;
  writeFileSync(join(folder, "ssh"), ssh);
  chmodSync(join(folder, "ssh"), 0o755);
  return attempt([SCRIPT], {
    env: {
      PATH: `${folder}:${process.env.PATH}`,
      TMPDIR: folder,
      HOST: "mastodon-prod-general-1-abc",
      HOST_KEY: "ssh-ed25519 AAAAhost",
      PRIVATE_KEY: "-----BEGIN-----\nkey\n-----END-----",
    },
  });
}

test("the worker drains; it is told by the stack's key, and only a machine with its host key is listened to", async () => {
  expect(await drain(0)).toEqual({
    code: 0,
    stdout: [
      "key 600",
      "-----BEGIN-----",
      "key",
      "-----END-----",
      "mastodon-prod-general-1-abc ssh-ed25519 AAAAhost",
      "root@mastodon-prod-general-1-abc runs /usr/local/sbin/mastodon-drain",
      "",
    ].join("\n"),
    stderr: "",
  });
  expect(readdirSync(folder)).toEqual(["ssh"]); // neither key nor folder is left
});

test("a worker that does not answer is no obstacle, and the output says so", async () => {
  const { code, stderr } = await drain(255);
  expect(code).toBe(0);
  expect(stderr).toContain(
    "mastodon-prod-general-1-abc does not answer and is deleted without being drained",
  );
});

test("a worker that cannot drain stays", async () => {
  expect((await drain(1)).code).toBe(1);
});

test("without an ssh client nothing is deleted", async () => {
  const { code } = await attempt([SCRIPT], {
    env: { PATH: "", TMPDIR: folder, HOST: "h", HOST_KEY: "k", PRIVATE_KEY: "p" },
  });
  expect(code).not.toBe(0);
});
