/** Least squares without negative coefficients: against every choice of columns, and what it says of columns that are alike. */
import fc from "fast-check";
import { nnls, ownShare } from "../../../operations/calibrate/nnls";

type Rows = { x: number[]; y: number }[];

const normal = (rows: Rows, n: number) => ({
  gram: Array.from({ length: n }, (_, i) =>
    Array.from({ length: n }, (__, j) => rows.reduce((sum, { x }) => sum + (x[i] ?? 0) * (x[j] ?? 0), 0)),
  ),
  rhs: Array.from({ length: n }, (_, i) => rows.reduce((sum, { x, y }) => sum + (x[i] ?? 0) * y, 0)),
});

const error = (rows: Rows, coefficients: readonly number[]) =>
  rows.reduce(
    (sum, { x, y }) => sum + (y - x.reduce((all, one, i) => all + one * (coefficients[i] ?? 0), 0)) ** 2,
    0,
  );

/** Columns that work against each other: what came in first may have to go out again. */
const rows = (n: number) =>
  fc.array(
    fc.record({
      x: fc.array(fc.integer({ min: -20, max: 20 }), { minLength: n, maxLength: n }),
      y: fc.integer({ min: -100, max: 100 }),
    }),
    { minLength: n, maxLength: 8 },
  );

test("no other coefficients that are not negative explain more", () => {
  fc.assert(
    fc.property(rows(5), (given) => {
      const { gram, rhs } = normal(given, 5);
      const found = nnls(gram, rhs);
      for (const one of found) expect(one).toBeGreaterThanOrEqual(0);
      const least = error(given, found);
      // At the best, a step to either side is no better, and a step below 0 is not allowed.
      for (let i = 0; i < 5; i++)
        for (const step of [1e-3, -1e-3]) {
          const other = found.map((one, at) => (at === i ? Math.max(one + step, 0) : one));
          expect(error(given, other)).toBeGreaterThanOrEqual(least - 1e-6 * (1 + least));
        }
    }),
    { numRuns: 2000 },
  );
});

test("what rows are made of is found again, a column of zeros is 0", () => {
  const truth = [3, 0, 0.25, 0];
  const given = Array.from({ length: 20 }, (_, r) => {
    const x = [r % 7, r % 3, (r * r) % 11, 0];
    return { x, y: x.reduce((sum, one, i) => sum + one * (truth[i] ?? 0), 0) };
  });
  const { gram, rhs } = normal(given, 4);
  nnls(gram, rhs).forEach((one, i) => {
    expect(one).toBeCloseTo(truth[i] ?? 0, 9);
  });
});

test("columns that are alike cannot be told apart", () => {
  const given = Array.from({ length: 20 }, (_, r) => ({ x: [1, r, 2 * r + 1, (r * 5) % 7], y: 0 }));
  const [constant = 1, one = 1, twice = 1, other = 0] = ownShare(normal(given, 4).gram);
  expect(Math.max(constant, one, twice)).toBeLessThan(1e-6);
  expect(other).toBeGreaterThan(0.1);
  expect(ownShare([[0]])).toEqual([0]);
});
