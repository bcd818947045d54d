/** Scripts that run elsewhere; here elsewhere is a shell of this machine. */
import { readFileSync } from "node:fs";
import { runThere, type ThereOptions } from "../../operations/there";

const there = (options: Partial<ThereOptions>) =>
  runThere({ name: "here", command: ["env", "--"] }, { run: ["bash", "-s"], input: "", ...options });

test("a script reads what follows it in the same pipe", async () => {
  const { stdout } = await there({
    input:
      "main() { while read -r line && [[ $line != END ]]; do echo \"<$line>\"; done; }; main; exit\na\n b 'c'\nEND\n",
  });
  expect(stdout).toBe("<a>\n<b 'c'>\n");
});

test("its messages arrive one by one while it runs, and its exit code is kept", async () => {
  const seen: string[] = [];
  const { code, stdout, stderr } = await there({
    input: "echo first >&2; echo out; printf second >&2; exit 7\n",
    progress: (line) => seen.push(line),
  });
  expect({ code, stdout, stderr }).toEqual({ code: 7, stdout: "out\n", stderr: "first\nsecond" });
  expect(seen).toEqual(["first", "second"]);
});

test("its input stays open for as long as somebody waits, if it asks for that", async () => {
  // `read` ends with more than 128 at its time limit, and with 1 at the end of the input.
  const input = "read -r -t 1 _; echo $(($? > 128)); exit\n";
  expect((await there({ input, alive: true })).stdout).toBe("1\n");
  expect((await there({ input })).stdout).toBe("0\n");
});

test("what is sent is on no command line", async () => {
  const { stdout } = await there({ input: "tr '\\0' ' ' </proc/$$/cmdline; exit\nsecret-of-all-backups\n" });
  expect(stdout.trim()).toBe("bash -s");
});

test("a command that does not exist is an error", async () => {
  await expect(runThere({ name: "x", command: ["/nonexistent"] }, { run: [], input: "" })).rejects.toThrow(
    "ENOENT",
  );
});

test("the scripts of a drill are sent whole, and shells read them", async () => {
  const { machineScript, mainScript } = await import("../../operations/drill/scripts");
  const values = {
    name: "drill-20261129T133215Z",
    main: {
      major: 17,
      backup: { label: "20261129-023002F", type: "full", timestamp: { stop: 0 }, info: { size: 1 } },
    },
    nextMajor: 18,
    folder: "/var/lib",
    thoroughBytes: 1,
  };
  for (const script of [mainScript({ name: values.name, limitSeconds: 9 }), machineScript(values)]) {
    // Without running it.
    const { code, stderr } = await there({ input: script, run: ["bash", "-n"] });
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(script).toMatch(/\nmain; exit\n$/);
  }
  // Values arrive as they are: SQL has quotes of both kinds.
  const facts = readFileSync(`${__dirname}/../../operations/drill/facts.sql`, "utf8");
  const { stdout } = await there({
    input: `${mainScript({ name: values.name, limitSeconds: 9 }).split("\nBASH_ARGV0")[0]}\nprintf %s "$FACTS"; exit\n`,
  });
  expect(stdout).toBe(facts);
});
