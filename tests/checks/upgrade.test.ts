/** Which release may follow which on a living stack, and what a preview says of it. The minors but 4.7 are made up. */
import type { MinorRelease } from "../../catalogue/releases";
import { upgradeProblems, upgradeSteps } from "../../checks/upgrade";

const KNOWN: MinorRelease[] = [
  { minor: "4.7", leastPatch: 3, postDeployment: true },
  { minor: "4.8", leastPatch: 0, postDeployment: true },
  { minor: "4.9", leastPatch: 1, postDeployment: false },
  { minor: "4.10", leastPatch: 0, postDeployment: true },
];

const said = (from: string, to: string, upgradeFinish: "now" | "later" = "now") =>
  upgradeProblems({ mastodonVersion: from, upgradeFinish }, to, "wait", KNOWN).map(
    ({ key, message }) => `${key} ${message}`,
  );

test.each([
  ["a patch", "v4.7.3", "v4.7.4"],
  ["several patches at once", "v4.7.3", "v4.7.12"],
  ["the next minor", "v4.7.12", "v4.8.0"],
  ["a minor of two digits", "v4.9.1", "v4.10.0"],
  ["back to an earlier patch, which main judges", "v4.7.4", "v4.7.3"],
  ["back over a minor that takes nothing away", "v4.9.1", "v4.8.2"],
  ["from a release that an earlier version of this program ran", "v4.6.9", "v4.7.4"],
])("allowed: %s", (_, from, to) => {
  expect(said(from, to)).toEqual([]);
});

test("a minor that is skipped is refused, with the one to write first", () => {
  expect(said("v4.8.3", "v4.10.0")).toEqual([
    "mastodonVersion was v4.8.3 and is now v4.10.0: one release of every minor has to run on the way. Write v4.9.1 or a later 4.9 release first",
  ]);
});

test("the way back past post-deployment migrations is refused, and open while they are held back", () => {
  expect(said("v4.8.0", "v4.7.12")).toEqual([
    "mastodonVersion was v4.8.0 and is now v4.7.12: the database has had the post-deployment migrations of 4.8, with which v4.7.12 does not work. Write v4.8.0; the way back is a restore to the time before the upgrade",
  ]);
  expect(said("v4.8.0", "v4.7.12", "later")).toEqual([]);
});

test("a release that this program does not know is refused once, elsewhere", () => {
  expect(said("v4.8.0", "v4.11.0")).toEqual([]);
});

describe("a preview says step by step", () => {
  const steps = (from: string | undefined, release: string, changes = {}) =>
    upgradeSteps(
      {
        before: from === undefined ? undefined : { mastodonVersion: from, upgradeFinish: "now" },
        release,
        finish: "now",
        secondWeb: true,
        workers: 2,
        ...changes,
      },
      KNOWN,
    ).join("\n");

  test("what an upgrade does", () => {
    expect(steps("v4.7.3", "v4.7.4")).toMatchInlineSnapshot(`
"This up upgrades Mastodon from v4.7.3 to v4.7.4 while the site serves. No machine is replaced. Main goes step by step:
  1. gate: refuses if there is no room for the images.
  2. images: main and the 2 workers pull v4.7.4.
  3. migrations: those that the running release tolerates. Refused without a backup from the last 26 hours. A migration that waits 5 s for a lock gives up and is tried again.
  4. web: a second one of the new release takes the requests while the first is recreated.
  5. sidekiq: on main, first one process, then all; then on the 2 workers. Each ends its jobs or gives them back.
  6. streaming: restarts only if its code changed; then everyone reconnects.
  7. proof: waits until no process of another release is left.
  8. last migrations: the post-deployment ones, if there are any. After them, a restore to the time before is the only way back.
If a step fails, the site keeps serving, and the error names the step and the reason."
`);
  });

  test("what it does without memory for a second web, without workers, and with its last migrations held back", () => {
    expect(
      steps("v4.7.3", "v4.8.0", { secondWeb: false, workers: 0, finish: "later" }),
    ).toMatchInlineSnapshot(`
"This up upgrades Mastodon from v4.7.3 to v4.8.0 while the site serves. No machine is replaced. Main goes step by step:
  1. gate: refuses if there is no room for the images.
  2. images: main pulls v4.8.0.
  3. migrations: those that the running release tolerates. Refused without a backup from the last 26 hours. A migration that waits 5 s for a lock gives up and is tried again.
  4. web: restarts; requests wait for it, about half a minute, since main has no memory for a second one.
  5. sidekiq: on main, first one process, then all. Each ends its jobs or gives them back.
  6. streaming: restarts only if its code changed; then everyone reconnects.
  7. proof: waits until no process of another release is left.
  8. last migrations: held back (upgrade.finish: later). The way back stays open.
If a step fails, the site keeps serving, and the error names the step and the reason."
`);
  });

  test("what finishing does", () => {
    expect(
      steps(undefined, "v4.8.0", { before: { mastodonVersion: "v4.8.0", upgradeFinish: "later" } }),
    ).toMatchInlineSnapshot(
      `"This up finishes the upgrade to v4.8.0: the post-deployment migrations that it held back run now, while the site serves. After them, a restore to the time before is the only way back."`,
    );
  });

  test("what the way back does", () => {
    expect(steps("v4.8.0", "v4.7.12", { workers: 1 })).toMatchInlineSnapshot(`
"This up takes Mastodon back from v4.8.0 to v4.7.12 while the site serves. No machine is replaced. Main goes step by step:
  1. gate: refuses if the database has had migrations with which v4.7.12 does not work.
  2. images: main and the worker pull v4.7.12.
  3. web: a second one of the new release takes the requests while the first is recreated.
  4. sidekiq: on main, first one process, then all; then on the worker. Each ends its jobs or gives them back.
  5. streaming: restarts only if its code changed; then everyone reconnects.
  6. proof: waits until no process of another release is left.
If a step fails, the site keeps serving, and the error names the step and the reason."
`);
  });

  test("nothing where nothing of Mastodon changes, and before the first up", () => {
    expect(steps("v4.7.3", "v4.7.3")).toBe("");
    expect(steps(undefined, "v4.7.3")).toBe("");
  });
});
