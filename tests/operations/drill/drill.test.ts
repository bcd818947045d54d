/** The course of a drill, with stand-ins for both machines: what each is asked and given. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { drill, record } from "../../../operations/drill/drill";
import { outcomeOf } from "../../../operations/drill/outcome";
import { copy, machineOutput, main, mainOutput } from "./given";

const folder = mkdtempSync(join(tmpdir(), "drill-"));
afterAll(() => rmSync(folder, { recursive: true }));

const CONFIGURATION = "[global]\nrepo1-s3-key-secret=s3-secret\nrepo1-cipher-pass=main's own\n";

/** A machine that answers each command with a text, and keeps what it was given. */
function place(name: string, answers: Readonly<Record<string, string>>, code = 0) {
  const file = join(folder, `${name}.sh`);
  const cases = Object.entries(answers).map(([command, answer], i) => {
    writeFileSync(join(folder, `${name}-answer-${i}`), answer);
    return `"${command}") cat ${folder}/${name}-answer-${i} ;;`;
  });
  // The machine's input stays open: it reads as far as the line that ends the configuration.
  const read =
    'while IFS= read -r line; do printf "%s\\n" "$line"; if [[ $line == END ]]; then break; fi; done';
  writeFileSync(
    file,
    `${read} >"${folder}/${name} $*"\necho "${name}: working" >&2\ncase $* in ${cases.join("\n")} *) exit 9 ;; esac\nexit ${code}\n`,
  );
  return { name, command: ["bash", file] };
}
const given = (name: string, command: string) => readFileSync(join(folder, `${name} ${command}`), "utf8");

const onMain = (answers: Readonly<Record<string, string>> = {}) =>
  place("main", {
    "bash -s": mainOutput(),
    "cat /etc/pgbackrest.conf": CONFIGURATION,
    "mastodon-drill record": "",
    ...answers,
  });

const hold = ({
  main: one = onMain(),
  machine = place("machine", { "bash -s": machineOutput() }),
  progress = () => undefined,
}: Partial<Parameters<typeof drill>[0]> = {}) =>
  drill({
    main: one,
    machine,
    progress,
    repositoryKey: "the stack's",
    nextMajor: (major) => major + 1,
    folder: "/mnt/it's",
  });

test("the machine gets main's restore point and backup, and main's configuration with the stack's key", async () => {
  const seen: string[] = [];
  expect(await hold({ progress: (line) => seen.push(line) })).toEqual(
    outcomeOf(main(), copy(), "machine", 18),
  );
  const script = given("main", "bash -s");
  const [, name] = /^NAME='(drill-\d{8}T\d{6}Z)'$/m.exec(script) ?? [];
  expect(name).toBeDefined();
  const machine = given("machine", "bash -s");
  for (const line of [
    `NAME='${name}'`,
    "SET='20261129-023002F'",
    "BYTES='4200000000'",
    "MAJOR='17'",
    "NEXT_MAJOR='18'",
    "FOLDER='/mnt/it'\\''s'",
  ])
    expect(machine.split("\n")).toContain(line);
  expect(machine.endsWith(`main; exit\n${CONFIGURATION.replace("main's own", "the stack's")}END\n`)).toBe(
    true,
  );
  expect(seen).toEqual(["main: working", "machine: working"]);
});

test("main keeps the outcome as it is", async () => {
  const outcome = outcomeOf(main(), copy(), "docker", 0);
  await record(onMain(), outcome);
  expect(JSON.parse(given("main", "mastodon-drill record"))).toEqual(outcome);
});

test("without main, or with a machine that came to no result, there is no outcome, and the reason is named", async () => {
  await expect(
    hold({ main: { name: "main", command: ["bash", "-c", "echo 'ssh: no route' >&2; exit 255", "-"] } }),
  ).rejects.toThrow("main: ssh: no route");
  await expect(hold({ main: place("other", {}) })).rejects.toThrow("other: other: working");
  const half = machineOutput({ finished: undefined });
  await expect(hold({ machine: place("machine", { "bash -s": half }, 137) })).rejects.toThrow(
    "machine: the connection ended (exit code 137) after: machine: working",
  );
  await expect(hold({ machine: place("machine", { "bash -s": "" }, 1) })).rejects.toThrow(
    "machine: machine: working",
  );
  const old = place("old", { "bash -s": mainOutput(), "cat /etc/pgbackrest.conf": "[global]\n" });
  await expect(hold({ main: old })).rejects.toThrow(
    "main's /etc/pgbackrest.conf has no repo1-cipher-pass: run pulumi up first",
  );
});
