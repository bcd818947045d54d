/** `npm run status` as a command: with stand-ins for pulumi and ssh, and a site of its own. */
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { statusSchema } from "../../../operations/status/schema";
import { attempt } from "../../../tools/run";
import { looks, MAIN, PROCESSES, process as sidekiq, WELL_MAIN, WELL_WORKER, WORKER } from "./well";

let folder: string;
let site: Server;

const DEPLOY_KEY = "-----BEGIN OPENSSH PRIVATE KEY-----\nnot a real one\n-----END OPENSSH PRIVATE KEY-----\n";
const key = (name: string, outputs: Record<string, unknown>) => ({
  type: "tls:index/privateKey:PrivateKey",
  urn: `urn:pulumi:prod::mastodon-hosting::tls:index/privateKey:PrivateKey::${name}`,
  outputs,
});

/** What is true at the real now, since the command looks at the clock. */
const soon = (days: number) =>
  new Date(Date.now() + days * 86_400_000)
    .toUTCString()
    .replace(/^\w+, (\d+) (\w+) (\d+) (\S+) GMT$/, "$2 $1 $4 $3 GMT");
const main = () => ({
  ...WELL_MAIN,
  certificate: ["production", "issuer=CN=E7", `notAfter=${soon(60)}`],
  jobs: looks({}, {}, { ...PROCESSES }),
});

function executable(name: string, text: string): void {
  writeFileSync(join(folder, "bin", name), text);
  chmodSync(join(folder, "bin", name), 0o755);
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "status-test-"));
  for (const part of ["bin", "answers", "tmp"]) mkdirSync(join(folder, part));
  site = createServer(({ url }, response) => response.writeHead(url === "/health" ? 200 : 404).end("OK"));
  await new Promise<void>((resolve) => site.listen(0, "127.0.0.1", resolve));
  const state = {
    version: 3,
    deployment: {
      resources: [
        {
          type: "pulumi:pulumi:Stack",
          urn: "urn:pulumi:prod::mastodon-hosting::pulumi:pulumi:Stack::mastodon-hosting-prod",
          outputs: {
            url: `http://127.0.0.1:${(site.address() as AddressInfo).port}`,
            tailnetHosts: { main: MAIN, workers: { general: [WORKER] } },
          },
        },
        key("secrets-deploy-key", { privateKeyOpenssh: { plaintext: JSON.stringify(DEPLOY_KEY) } }),
        key("main-host-key", { publicKeyOpenssh: "ssh-ed25519 MAIN\n" }),
        key("workers-general-host-key", { publicKeyOpenssh: "ssh-ed25519 GENERAL\n" }),
      ],
    },
  };
  writeFileSync(join(folder, "state.json"), JSON.stringify(state));
  executable(
    "pulumi",
    `#!/bin/bash
echo "$*" >>${folder}/pulumi-calls
case $* in
  version*) echo v3.259.0 ;;
  "stack export --show-secrets --stack prod"*) cat ${folder}/state.json ;;
  *) echo "error: no stack named 'nope' found" >&2; exit 255 ;;
esac
`,
  );
  // Notes how it was called: with which key, which known host, and what it sends.
  executable(
    "ssh",
    `#!/bin/bash
host=\${@: -2:1}; host=\${host#root@}
while [[ $1 != root@* ]]; do
  case $1 in
    -i) cp "$2" ${folder}/key-used; stat -c %a "$2" >${folder}/key-mode ;;
    UserKnownHostsFile=*) cp "\${1#*=}" ${folder}/known-$host ;;
  esac
  shift
done
printf %s "$2" >${folder}/sent
[[ -e ${folder}/answers/$host ]] || { echo "ssh: connect to host $host port 22: Connection timed out" >&2; exit 255; }
cat ${folder}/answers/$host
`,
  );
});
afterAll(() => {
  site.close();
  rmSync(folder, { recursive: true });
});

const answers = (host: string, value: object) =>
  writeFileSync(join(folder, "answers", host), JSON.stringify(value));
const status = (...args: string[]) =>
  attempt(
    [
      process.execPath,
      "-r",
      "ts-node/register",
      join(__dirname, "../../../operations/status/cli.ts"),
      ...args,
    ],
    {
      env: {
        ...process.env,
        PATH: `${join(folder, "bin")}:${process.env.PATH}`,
        TMPDIR: join(folder, "tmp"),
      },
      timeout: 60,
    },
  );
const read = (name: string) => readFileSync(join(folder, name), "utf8");

test("all is well: 0, with the stack's own key, the host keys of the state, and nothing left behind", async () => {
  answers(MAIN, main());
  answers(WORKER, WELL_WORKER);
  const { code, stdout, stderr } = await status();
  expect(stderr).toBe("");
  // The fixtures' backup and apply are of another day, which only their age shows.
  expect(stdout).toMatch(/^Status of stack prod: http.+\nAll is well\.\n/);
  expect(code).toBe(0);
  expect(read("key-used")).toBe(DEPLOY_KEY);
  expect(read("key-mode")).toBe("600\n");
  expect(read(`known-${MAIN}`)).toBe(`${MAIN} ssh-ed25519 MAIN\n`);
  expect(read(`known-${WORKER}`)).toBe(`${WORKER} ssh-ed25519 GENERAL\n`);
  expect(read("sent")).toBe(readFileSync(join(__dirname, "../../../operations/status/questions.sh"), "utf8"));
  expect(readdirSync(join(folder, "tmp")).filter((name) => name.startsWith("mastodon"))).toEqual([]);
  // It leaves the stack selected that was selected.
  expect(read("pulumi-calls")).not.toContain("select");
}, 60_000);

test("--json: 1 if something needs attention, in the documented format", async () => {
  answers(MAIN, { ...main(), jobs: looks({}, {}, { ...PROCESSES, second: sidekiq(WORKER, ["scheduler"]) }) });
  const { code, stdout } = await status("--json");
  expect(code).toBe(1);
  const said = statusSchema.parse(JSON.parse(stdout));
  expect([said.result, said.findings.map(({ about }) => about)]).toEqual(["attention", ["scheduler"]]);
  expect(stdout).not.toContain("PRIVATE KEY");
}, 60_000);

test("2 if main could not be asked; what is seen from here is said all the same", async () => {
  rmSync(join(folder, "answers", MAIN));
  const { code, stdout } = await status();
  expect(code).toBe(2);
  expect(stdout).toContain("  ? Main could not be asked: ssh: connect to host");
  expect(stdout).toContain("\nSite  from here 200 in");
}, 60_000);

test("2 if there is no such stack, or no pulumi", async () => {
  expect(await status("--stack", "nope")).toEqual({
    code: 2,
    stdout: "",
    stderr: "There is no stack nope. See: pulumi stack ls\n",
  });
}, 60_000);
