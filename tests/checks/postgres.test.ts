/** Which version of Postgres may follow on a living stack, and what a preview says of it. */
import { postgresProblems, postgresSteps } from "../../checks/postgres";
import { settingsSchema } from "../../settings/schema";

const main = { ...settingsSchema.shape.main.parse({}), generation: 1 };
const BEFORE = { postgresVersion: 17, mastodonVersion: "v4.7.3", mainGeneration: 1 };
const NOW = { postgresVersion: 18, mastodonVersion: "v4.7.3", readiness: "wait", main } as const;

const upgrade = settingsSchema.shape.upgrade.parse({});

const said = (before: Partial<typeof BEFORE> | undefined, changes: Partial<typeof NOW> | object = {}) =>
  postgresProblems(before, { ...NOW, ...changes }).map(({ key, message }) => `${key} ${message}`);

test("a higher version is allowed, and so are the same, a lower one, which main judges, and any on a new stack", () => {
  expect(said(BEFORE)).toEqual([]);
  expect(said(BEFORE, { postgresVersion: 17, readiness: "none" })).toEqual([]);
  expect(said(BEFORE, { postgresVersion: 16 })).toEqual([]);
  expect(said(undefined, { readiness: "none" })).toEqual([]);
});

test("a stack that is older than the setting runs Debian's version", () => {
  expect(said({ mastodonVersion: "v4.7.3" }, { postgresVersion: 17, readiness: "none" })).toEqual([]);
  expect(said({ mastodonVersion: "v4.7.3" }, { readiness: "none" })).toEqual([
    expect.stringContaining("postgresVersion was 17 and is now 18"),
  ]);
  expect(postgresSteps({}, { postgresVersion: 18, upgrade })[0]).toContain("from 17 to 18");
});

test.each([
  [
    "if nothing reaches main",
    { readiness: "none" },
    "but with readiness: none nothing reaches the running main droplet. Write readiness: wait, and run pulumi on the tailnet",
  ],
  [
    "together with another release of Mastodon",
    { mastodonVersion: "v4.7.4" },
    "and mastodonVersion changes too: one upgrade at a time, so that you know what to take back. Write 17 until Mastodon runs v4.7.4",
  ],
  [
    "together with a new droplet",
    { main: { ...main, generation: 2 } },
    "and main.generation changes too: a new droplet has no record of a backup yet. Write 17 until it serves",
  ],
])("refused %s", (_, changes, message) => {
  expect(said(BEFORE, changes)).toEqual([`postgresVersion was 17 and is now 18, ${message}`]);
});

describe("a preview says step by step", () => {
  const steps = (postgresVersion: number, upgrade = {}) =>
    postgresSteps(BEFORE, { postgresVersion, upgrade: settingsSchema.shape.upgrade.parse(upgrade) }).join(
      "\n",
    );

  test("what an upgrade does", () => {
    expect(steps(18)).toMatchInlineSnapshot(`
"This up upgrades Postgres from 17 to 18. No machine is replaced. Main goes step by step:
  1. gate: refuses without a backup from the last 26 hours, without room on the volume, or without an extension that the database uses.
  2. trial: upgrades a copy of the database to 18 and starts it. That takes minutes and says how long clients will wait. Refused if it fails, or if they would wait for more than 45 s.
  3. prepare: an empty cluster of the new version.
  4. change: clients wait at pgbouncer until the new version serves; no request fails. If a transaction does not end within 20 s, everything goes on as before.
  5. statistics: for the planner, in three stages, while the site serves.
The way back is "postgres-upgrade back" on main, for 7 days. It gives up what was written since the upgrade.
A full backup of the new version follows by itself.
If a step fails, Postgres 17 keeps serving, and the error names the step and the reason."
`);
  });

  test("what is different where a copy is accepted and no way back is wanted", () => {
    const text = steps(18, { postgresCopy: "accepted", postgresKeepDays: 0 });
    expect(text).toContain("Any wait is accepted (upgrade.postgresCopy)");
    expect(text).toContain("There is no way back (upgrade.postgresKeepDays: 0).");
  });

  test("that a lower version only follows what was done by hand, and nothing if the version stays", () => {
    expect(steps(16)).toBe(
      'This up expects that you took Postgres back from 17 to 16 on main ("postgres-upgrade back"). If 17 still serves there, main refuses, and nothing changes.',
    );
    expect(steps(17)).toBe("");
    expect(
      postgresSteps(undefined, { postgresVersion: 18, upgrade: settingsSchema.shape.upgrade.parse({}) }),
    ).toEqual([]);
  });
});
