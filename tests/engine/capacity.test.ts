/** A fleet that could not keep up, under the real engine. */
import program from "../..";
import { makePlan } from "../../plan/plan";
import { readExample } from "../../settings/stackFile/examples";
import { type Lab, lab, succeeded } from "./lab";

/** And all the time in the world to catch up: it is the busy hour that is too much. */
const TOO_MANY = { workload: { activeUsers: 13_000 }, recovery: { catchUpHours: 48 } };

let prod: Lab;
beforeAll(async () => {
  prod = await lab();
});
afterAll(() => prod.remove());

/** What `npm run plan` says to prod with so many users. */
async function planned(): Promise<string> {
  const stack = readExample("prod");
  const config = {
    ...stack.config,
    "mastodon-hosting:workload": JSON.stringify(TOO_MANY.workload),
    "mastodon-hosting:recovery": JSON.stringify(TOO_MANY.recovery),
  };
  return makePlan({ ...stack, config }, program).then(
    () => "accepted",
    (error: Error) => error.message,
  );
}

test("preview and up refuse it with the words of npm run plan, before the first resource", async () => {
  const { cloud, engine } = prod;
  engine.edit((settings) => Object.assign(settings, TOO_MANY));
  const text = await planned();
  expect(text).toContain("  - main.size is s-8vcpu-16gb, and web ");
  for (const operation of ["preview", "up"] as const) {
    const run = await engine[operation]();
    expect(run.ok).toBe(false);
    expect(run.diagnostics.map(({ message }) => message).join("\n")).toContain(text);
    expect(run.steps.filter(({ type }) => !type.startsWith("pulumi:"))).toEqual([]);
  }
  expect(cloud.journal.lines("create")).toEqual([]);
});

test("with what it recommends the same stack is previewed", async () => {
  const { engine } = prod;
  engine.edit((settings) => {
    settings.main.size = "c-8";
  });
  succeeded(await engine.preview());
});
