/** Scripts and cloud-config, each judged by its language's own checker. */
import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import type { Machine } from "../../../lab/machine";
import { type HostBundle, packed, userData } from "../../../machines/bundle";
import { type HostFile, hostFile } from "../../../services/hostFile";
import { boot } from "../../support/fixtures";
import { Lab, mainBundle, workerBundle } from "../lab";
import { check, installed } from "./installed";

const FILES = join(__dirname, "../../../services");
const BUNDLES: [string, HostBundle][] = [
  ["main", mainBundle({ main: { ipv6: true }, monitoring: true })],
  ["worker", workerBundle()],
];

let lab: Lab;
let machine: Machine;

beforeAll(async () => {
  lab = await Lab.create();
  [machine] = (await installed(lab, mainBundle())) as [Machine];
  await machine.run(`mkdir -p /root/hosts && tar -xC /root/hosts`, { input: archive() });
  for (const [name, bundle] of BUNDLES) machine.write(`/root/${name}.yaml`, userData(packed(bundle), boot));
}, 900_000);

afterAll(() => lab?.remove());

/** The real files under services/, with the comments that tell shellcheck what is meant. */
const archive = () => execFileSync("tar", ["-cC", FILES, "."]);

const sources = readdirSync(FILES, { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile() && !entry.name.endsWith(".ts"))
  .map((entry) => join(entry.parentPath, entry.name).slice(FILES.length + 1))
  .sort();
const text = (source: string) => readFileSync(join(FILES, source), "utf8");
const startingWith = (pattern: RegExp) => sources.filter((source) => pattern.test(text(source)));
const SHELL = startingWith(/^#(!\/bin\/(ba)?sh$| shellcheck shell=)/m);
/** What a machine may get of it: anything in place of a placeholder. */
function templateOf(source: string): RegExp {
  const names = [...new Set([...text(source).matchAll(/@@([A-Z0-9_]+)@@/g)].map(([, name]) => name))];
  const template = hostFile(source, Object.fromEntries(names.map((name) => [name, `@@${name}@@`])));
  const escaped = template.replace(/[.*+?^${}()|[\]\\]/g, "\\$&").replace(/@@[A-Z0-9_]+@@/g, "[^]+");
  return new RegExp(`^${escaped}$`);
}
const PYTHON = startingWith(/^#!\/usr\/bin\/python3$/m);

describe("static", () => {
  test("every script that a machine gets is one of those checked here", () => {
    const checked = [...SHELL, ...PYTHON].map(templateOf);
    const scripts = BUNDLES.flatMap(([, { files }]) => files).filter(
      ({ content, mode, path }) => content.startsWith("#!") || mode === "0755" || path.endsWith(".sh"),
    );
    expect(scripts.length).toBeGreaterThan(30);
    const known = ({ content }: HostFile) => checked.some((template) => template.test(content));
    expect(scripts.filter((script) => !known(script)).map(({ path }) => path)).toEqual([]);
  });

  test("shellcheck has nothing against any shell script, and notices a slip", () =>
    check(machine, {
      name: "shellcheck",
      command: `cd /root/hosts && shellcheck --shell=bash ${SHELL.join(" ")}`,
      slip: {
        path: "/root/hosts/recovery/restore-dump",
        from: '--decrypt "$file"',
        to: "--decrypt $file",
      },
      says: "SC2086",
    }));

  test.each(BUNDLES)(
    "shellcheck has nothing against what %s makes of a script with placeholders",
    async (_, bundle) => {
      const filled = SHELL.filter((source) => /@@[A-Z]/.test(text(source))).map((source) => ({
        template: templateOf(source),
        // Comments do not reach machines.
        directives: text(source).match(/^# shellcheck disable=.*$/gm) ?? [],
      }));
      const scripts = bundle.files.flatMap(({ path, content }) => {
        const found = filled.find(({ template }) => template.test(content));
        return found ? [{ path, content, directives: found.directives }] : [];
      });
      expect(scripts.length).toBeGreaterThan(0);
      for (const { path, content, directives } of scripts) {
        const [first = "", ...rest] = content.split("\n");
        machine.write("/root/rendered", [first, ...directives, ...rest].join("\n"));
        const { stdout } = await machine.attempt("shellcheck --shell=bash --exclude=SC1091 /root/rendered");
        expect([path, stdout]).toEqual([path, ""]);
      }
    },
  );

  test.each(["/etc/mastodon-host/host.env", "/etc/mastodon/.env"])(
    "%s is shell that shellcheck accepts",
    (path) =>
      check(machine, {
        name: "shellcheck",
        // Who reads the variables is in other files.
        command: `shellcheck --shell=bash --exclude=SC2034 ${path}`,
        slip: { path, from: "=", to: " = " },
        says: "SC2283",
      }),
  );

  test("Python compiles without a warning, and uses and defines what it names", () =>
    check(machine, {
      name: "pyflakes",
      command: `cd /root/hosts && python3 -W error -m py_compile ${PYTHON.join(" ")} && pyflakes3 ${PYTHON.join(" ")}`,
      slip: { path: "/root/hosts/supervisor/mastodon-worker", from: "import signal\n", to: "" },
      says: "undefined name 'signal'",
    }));

  test("the first command of cloud-config is Python too", async () => {
    const { runcmd } = parse(userData(packed(workerBundle()), boot)) as { runcmd: string[][] };
    expect(runcmd[0]?.slice(0, 2)).toEqual(["/usr/bin/python3", "-c"]);
    const ask = (program: string) => machine.attempt("pyflakes3", { input: program });
    expect(await ask(runcmd[0]?.[2] ?? "")).toEqual({ code: 0, stdout: "", stderr: "" });
    expect((await ask(`${runcmd[0]?.[2]}undefined_name\n`)).stdout).toContain("undefined name");
  });

  test.each(BUNDLES)("cloud-init's schema accepts the user data of %s, and no misspelled key", (name) =>
    check(machine, {
      name: "cloud-init schema",
      command: `cloud-init schema --config-file /root/${name}.yaml`,
      slip: { path: `/root/${name}.yaml`, from: "ssh_genkeytypes:", to: "ssh_genkeytype:" },
      says: "Additional properties are not allowed ('ssh_genkeytype' was unexpected)",
    }),
  );
});
