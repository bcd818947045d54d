import { byName, custom, prod, type Run, staging } from "../support/stacks";

/** Everything that a provider made, but for the guard itself. */
const guarded = (run: Run) =>
  custom(run)
    .filter(({ type, name }) => !type.startsWith("pulumi:") && name !== "guard-uuid")
    .map(({ name }) => name)
    .sort();

test("the guard is protected and depends on every single resource, so destroy meets it first", async () => {
  const run = await prod();
  expect(byName(custom(run))["guard-uuid"]).toEqual({
    type: "RandomUuid",
    parent: "DestroyGuard guard",
    provider: "random",
    inputs: {},
    dependsOn: guarded(run),
    protect: true,
  });
  expect(guarded(run)).toHaveLength(66);
});

test("in one account too, and with protect: false it lets go", async () => {
  const run = await staging();
  const { "guard-uuid": guard } = byName(custom(run));
  expect(guard?.dependsOn).toEqual(guarded(run));
  expect(guard).not.toHaveProperty("protect");
});
