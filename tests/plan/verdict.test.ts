/** The verdict on a fleet is the dearest thing that the program computes, and there is one. */
import program from "../..";
import { judge } from "../../fleet/verdict/verdict";
import { makePlan } from "../../plan/plan";
import { readExample } from "../../settings/stackFile/examples";
import { prod } from "../support/stacks";

jest.mock("../../fleet/verdict/verdict", () => {
  const actual = jest.requireActual("../../fleet/verdict/verdict");
  return { ...actual, judge: jest.fn(actual.judge) };
});

const judged = () => (judge as jest.Mock).mock.calls.length;
beforeEach(() => (judge as jest.Mock).mockClear());

test("a run of the program computes it once", async () => {
  await prod();
  expect(judged()).toBe(1);
});

test("a plan, which runs the program too, computes it once", async () => {
  const { plan } = await makePlan(readExample("prod"), program);
  expect(judged()).toBe(1);
  expect(plan.hosts[0]?.memory.length).toBeGreaterThan(5);
});
