/** What can be told apart, and what is held. */
import { interval, Regression, random, resamplesOf } from "../../../operations/calibrate/regression";

const BLOCKS = 20;
const all = new Array<number>(BLOCKS).fill(1);
const drawn = resamplesOf(BLOCKS, 100);

/** y = 2a + 5b, with noise; b as a test has it. */
function regressionOf(b: (a: number, next: () => number) => number, noise = 0.01) {
  const regression = new Regression([
    { name: "a", fallback: 3, least: 10 },
    { name: "b", fallback: 4, least: 10 },
    { name: "c", fallback: 9, least: 10 },
  ]);
  const next = random(3);
  for (let row = 0; row < 400; row++) {
    const a = 50 + 50 * next();
    const other = b(a, next);
    regression.add(row % BLOCKS, [a, other, 0], [(2 * a + 5 * other) * (1 + noise * (next() - 0.5))]);
  }
  return regression;
}

test("columns that change by themselves are told apart, one without anything is held", () => {
  const regression = regressionOf((_, next) => 100 * next());
  const held = regression.identify(drawn, all);
  expect([...held]).toEqual([["c", "there were none"]]);
  const [a, b, c] = regression.fit(all, held);
  expect(a).toBeCloseTo(2, 1);
  expect(b).toBeCloseTo(5, 1);
  expect(c).toBe(9);
});

test("columns that change together: the lesser one is held, and the other has what is left", () => {
  const regression = regressionOf((a) => a / 10);
  const held = regression.identify(drawn, all);
  expect([...held]).toEqual([
    ["c", "there were none"],
    ["b", "it comes and goes with the others"],
  ]);
  const [a, b] = regression.fit(all, held);
  expect(b).toBe(4);
  expect(a).toBeCloseTo(2 + 0.5 - 0.4, 2);
});

test("a column that is too little among the noise is held", () => {
  const held = regressionOf((_, next) => next(), 0.5).identify(drawn, all);
  expect(held.get("b")).toMatch(/^its spread is \d+ %$|^none of it was seen$/);
  expect(held.has("a")).toBe(false);
});

test("too few to say anything", () => {
  const held = regressionOf((a) => (a > 99 ? 0.3 : 0)).identify(drawn, all);
  expect(held.get("b")).toMatch(/^there were only \d$/);
});

test("a cost of sums, from what each is made of", () => {
  const regression = new Regression([{ name: "a" }, { name: "b" }, { name: "always" }]);
  const next = random(5);
  for (let row = 0; row < 100; row++) {
    const [a, b] = [next() * 100, next() * 100];
    regression.add(row % BLOCKS, [a, b, 1], [0.5 * (3 * a + 7 * b) + 20]);
  }
  const [cost, always] = regression.fitCombined(all, [
    [3, 7, 0],
    [0, 0, 1],
  ]);
  expect(cost).toBeCloseTo(0.5, 9);
  expect(always).toBeCloseTo(20, 6);
});

test("the middle 90 %, and the same draws each time", () => {
  const values = Array.from({ length: 101 }, (_, i) => 100 - i);
  expect(interval(values)).toEqual({ low: 5, high: 95 });
  expect(resamplesOf(BLOCKS, 2)).toEqual(resamplesOf(BLOCKS, 2));
  for (const weights of drawn) expect(weights.reduce((sum, one) => sum + one, 0)).toBe(BLOCKS);
});
