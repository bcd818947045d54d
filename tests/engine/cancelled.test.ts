/** An up that GitHub cancels, or whose time is over. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { type Lab, lab, succeeded, unknownToTheState } from "./lab";

const WORKFLOW = join(__dirname, "../../.github/workflows/up-stack.yml");
/** From GitHub's runner (ProcessInvoker): it signals the step's first process, and kills what is left with all its children. */
const TO_TERM = 7_500;
const TO_KILL = 2_500;

let prod: Lab;
beforeAll(async () => {
  prod = await lab();
});
afterAll(() => prod.remove());

test("it ends by itself before the runner kills it: no lock is left, and the next up makes nothing twice", async () => {
  const { cloud, engine } = prod;
  const { steps } = parse(readFileSync(WORKFLOW, "utf8")).jobs.up;
  cloud.faults.add({ method: "create", name: "main-droplet", effect: { slow: 4_000 } });
  const step = engine.startStep(steps.at(-1).run, { QUALIFIED: "prod" });
  while (cloud.faults.left.length > 0 && step.exitCode === null) await pause(50);

  const killed = await cancel(step.pid, () => step.exitCode !== null || step.signalCode !== null);
  expect({ killed, code: step.exitCode }).toEqual({ killed: false, code: expect.any(Number) });
  expect(step.exitCode).not.toBe(0);
  expect(await engine.pending()).toEqual([]);
  succeeded(await engine.up());
  expect(await unknownToTheState(prod)).toEqual([]);
});

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** As the runner does it. Tells whether it had to kill. */
async function cancel(pid: number | undefined, ended: () => boolean): Promise<boolean> {
  if (pid === undefined) throw new Error("the step has not started");
  for (const [signal, wait] of [
    ["SIGINT", TO_TERM],
    ["SIGTERM", TO_KILL],
  ] as const) {
    process.kill(pid, signal);
    const until = Date.now() + wait;
    while (!ended() && Date.now() < until) await pause(50);
    if (ended()) break;
  }
  // Whether or not the first process has gone: its group has the same number.
  try {
    process.kill(-pid, "SIGKILL");
    return true;
  } catch (error) {
    if ((error as { code?: string }).code === "ESRCH") return false;
    throw error;
  }
}
