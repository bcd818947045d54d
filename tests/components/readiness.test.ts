import { unpacked } from "../support/base85";
import { dropletId, tailnetName } from "../support/cloud";
import { byName, custom, least, ofType, prod } from "../support/stacks";

const NONE =
  "readiness: none: nothing waits for the machines, main gets no watch, and changes do not reach the running main droplet. Set it to wait once you are on the tailnet.";

test("readiness: wait has one command for each machine, that waits anew for another droplet", async () => {
  const run = await prod();
  const commands = ofType(run, "remote:Command").map(({ name, inputs }) => [name, inputs.triggers]);
  expect(Object.fromEntries(commands)).toEqual({
    "main-ready": [dropletId("main-droplet")],
    "workers-general-1-ready": [dropletId("workers-general-1-droplet")],
    "workers-general-2-ready": [dropletId("workers-general-2-droplet")],
  });
  expect(run.warnings).not.toContain(NONE);
});

test("readiness: none has no command, and says what that means", async () => {
  const run = await prod({ readiness: "none" });
  expect(ofType(run, "Command")).toEqual([]);
  expect(run.warnings).toContain(NONE);
});

test("readiness: none leaves the machines as they are", async () => {
  const machines = async (readiness: string) => {
    const made = byName(custom(await prod({ readiness })));
    return Object.fromEntries(
      Object.entries(made).filter(([, { type }]) => type === "Droplet" || type === "TailnetKey"),
    );
  };
  expect(await machines("none")).toEqual(await machines("wait"));
});

test("another worker is reached by its own name, so the old one can be drained beside it", async () => {
  const replaced = ["workers-default-1-auth-key", "workers-default-1-droplet"];
  const made = byName(custom(await least({}, { replaced })));
  expect(made["workers-default-1-ready"]?.inputs).toMatchObject({
    connection: { host: tailnetName("mastodon-prod-default-1", "workers-default-1-auth-key", 2) },
    triggers: [dropletId("workers-default-1-droplet", 2)],
  });
  expect(made["workers-default-1-ready"]).not.toHaveProperty("deleteBeforeReplace");
});

test("a change of main's files reaches the living machine: the command's input changes, its triggers do not", async () => {
  const ready = async (values = {}) => byName(custom(await least(values)))["main-ready"]?.inputs;
  const [before, after] = [await ready(), await ready({ extraEnv: { DEEPL_PLAN: "free" } })];
  expect(after?.triggers).toEqual(before?.triggers);
  expect(after?.stdin).not.toBe(before?.stdin);
  expect(unpacked(after?.stdin)).toContain("DEEPL_PLAN");
});
