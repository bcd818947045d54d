import { readCases } from "./cases";
import { disagreement } from "./reader";

describe("our reader does what the engine did", () => {
  test.each(readCases().map((parityCase) => [parityCase.name, parityCase] as const))(
    "%s",
    (_, parityCase) => {
      expect(disagreement(parityCase)).toBe("");
    },
  );
});

test("the table has no name twice and both outcomes", () => {
  const cases = readCases();
  expect(new Set(cases.map(({ name }) => name)).size).toBe(cases.length);
  const refused = cases.filter(({ engine }) => engine && "refuses" in engine).length;
  expect(refused).toBeGreaterThan(50);
  expect(cases.length - refused).toBeGreaterThan(50);
});
