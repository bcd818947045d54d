/** drain.sh as `pulumi up` runs it, with stand-ins for ssh and the clock. */
import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { attempt } from "../../tools/run";

const SCRIPT = join(__dirname, "../../components/drain.sh");
const HOST = "mastodon-prod-general-1-abc";
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "drain-test-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

function program(name: string, script: string) {
  writeFileSync(join(folder, name), `#!/bin/bash\n${script}`);
  chmodSync(join(folder, name), 0o755);
}

/** What ssh says and exits with, try by try; the last one is repeated. */
type Tries = readonly { code: number; says?: string; seconds?: number }[];

/** The clock moves by what ssh and sleep take. */
async function drain(...tries: Tries) {
  program("date", `cat "${folder}/clock"`);
  program("sleep", `echo $(($(<"${folder}/clock") + $1)) >"${folder}/clock"`);
  writeFileSync(join(folder, "clock"), "1000\n");
  const answers = tries.map(({ code, says = "", seconds = 0 }, i) => {
    writeFileSync(join(folder, `says-${i}`), says && `${says}\n`);
    return `if [[ $try -eq ${i + 1} || ${i + 1} -eq ${tries.length} ]]; then
        echo $(($(<"${folder}/clock") + ${seconds})) >"${folder}/clock"
        cat "${folder}/says-${i}" >&2
        exit ${code}
      fi`;
  });
  program(
    "ssh",
    `while (($# > 1)); do
      case $1 in
        -i) stat -c 'key %a' "$2"; cat "$2" ;;
        UserKnownHostsFile=*) cat "\${1#*=}" ;;
      esac
      last=$1; shift
    done
    echo "$last runs $1"
    echo x >>"${folder}/tries"
    try=$(wc -l <"${folder}/tries")
    ${answers.join("\n")}`,
  );
  const result = await attempt([SCRIPT], {
    env: {
      PATH: `${folder}:${process.env.PATH}`,
      TMPDIR: folder,
      HOST,
      HOST_KEY: "ssh-ed25519 AAAAhost",
      PRIVATE_KEY: "-----BEGIN-----\nkey\n-----END-----",
    },
  });
  const tried = existsSync(join(folder, "tries"))
    ? readFileSync(join(folder, "tries"), "utf8").trim().split("\n").length
    : 0;
  const waited = Number(readFileSync(join(folder, "clock"), "utf8")) - 1000;
  return { ...result, tried, waited };
}

test("the worker drains; it is told by the stack's key, and only a machine with its host key is listened to", async () => {
  expect(await drain({ code: 0 })).toEqual({
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
    tried: 1,
    waited: 0,
  });
  expect(readdirSync(folder).sort()).toEqual(["clock", "date", "says-0", "sleep", "ssh", "tries"]); // neither key nor folder is left
});

/** What OpenSSH 10 says where nobody answers. */
test.each([
  [`ssh: Could not resolve hostname ${HOST}: Name or service not known`, 0],
  [`ssh: Could not resolve hostname ${HOST}: Temporary failure in name resolution`, 0],
  [`ssh: Could not resolve hostname ${HOST}: nodename nor servname provided, or not known`, 0],
  [`ssh: connect to host ${HOST} port 22: Connection refused`, 0],
  [`ssh: connect to host ${HOST} port 22: No route to host`, 3],
  [`ssh: connect to host ${HOST} port 22: Connection timed out`, 15],
  ["Connection timed out during banner exchange\nConnection to 100.64.0.7 port 22 timed out", 15],
  ["kex_exchange_identification: read: Connection reset by peer\nConnection reset by 100.64.0.7 port 22", 0],
])(
  "a worker that is dead is no obstacle after a minute, and the output says so: %s",
  async (says, seconds) => {
    const { code, stderr, waited } = await drain({ code: 255, says, seconds });
    expect(code).toBe(0);
    expect(stderr).toBe(
      `${says}\n${HOST} did not answer for a minute and is deleted without being drained; its device stays in the tailnet (npm run orphans)\n`,
    );
    expect(waited).toBeGreaterThanOrEqual(60);
    expect(waited).toBeLessThanOrEqual(80);
  },
);

test("a worker that dies while it drains is asked again, and then deleted", async () => {
  const says = `Timeout, server ${HOST} not responding.`;
  expect(await drain({ code: 255, says, seconds: 120 })).toMatchObject({ code: 0, tried: 1 });
});

test("a name that resolves a little later is waited for", async () => {
  const says = `ssh: Could not resolve hostname ${HOST}: Name or service not known`;
  expect(await drain({ code: 255, says }, { code: 255, says }, { code: 0 })).toMatchObject({
    code: 0,
    stderr: "",
    tried: 3,
    waited: 10,
  });
});

/** ssh's own 255 too, but of a worker that lives: nothing is deleted, and the output says what to do. */
test.each([
  [`root@${HOST}: Permission denied (publickey).`, "does not accept the stack's ssh key"],
  [
    "Received disconnect from 100.64.0.7 port 22:2: Too many authentication failures\nDisconnected from 100.64.0.7 port 22",
    "does not accept the stack's ssh key",
  ],
  [
    `No ED25519 host key is known for ${HOST} and you have requested strict checking.\nHost key verification failed.`,
    "answers with a host key that is not this worker's",
  ],
  [
    "Unable to negotiate with 100.64.0.7 port 22: no matching host key type found. Their offer: ssh-rsa",
    "answers with a host key that is not this worker's",
  ],
  ["command-line: line 0: Bad configuration option: serveralive", "failed for the reason above"],
  ["", "failed for the reason above"], // the worker's script was killed by a signal
])("a worker that was not drained for another reason stays: %s", async (says, why) => {
  const { code, stderr, tried } = await drain({ code: 255, says });
  expect(code).toBe(255);
  expect(tried).toBe(1);
  expect(stderr).toContain(says);
  expect(stderr).toContain(why);
  expect(stderr).toContain("Nothing was deleted.");
});

test("a worker that cannot drain stays", async () => {
  expect(await drain({ code: 1 })).toMatchObject({ code: 1, tried: 1, stderr: "" });
});

test("without an ssh client nothing is deleted", async () => {
  const { code } = await attempt([SCRIPT], {
    env: { PATH: "", TMPDIR: folder, HOST: "h", HOST_KEY: "k", PRIVATE_KEY: "p" },
  });
  expect(code).not.toBe(0);
});
