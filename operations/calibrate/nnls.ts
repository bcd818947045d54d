/**
 * Least squares whose coefficients are not negative: no job gives CPU back. By Lawson and Hanson's active set, on the normal equations: a
 * resample is then a sum of small matrices, and no second look at a week's rows. (ml-fcnnls wants all rows each time.)
 */

export type Matrix = readonly (readonly number[])[];

/** How much a column must still explain, relative to its length, before it comes in. */
const LEAST_GAIN = 1e-12;

/** Solves a symmetric system that is positive definite, or nearly singular: what cannot be told apart is then shared. */
function solve(matrix: Matrix, rhs: readonly number[]): number[] {
  const rows = matrix.map((row, i) => [...row.map((one, j) => (i === j ? one + 1e-13 : one)), rhs[i] ?? 0]);
  const n = rows.length;
  for (let i = 0; i < n; i++) {
    // Symmetric and positive definite: no pivoting is needed.
    const pivot = rows[i] as number[];
    for (let r = i + 1; r < n; r++) {
      const row = rows[r] as number[];
      const factor = (row[i] ?? 0) / (pivot[i] as number);
      for (let c = i; c <= n; c++) row[c] = (row[c] ?? 0) - factor * (pivot[c] ?? 0);
    }
  }
  const result = new Array<number>(n).fill(0);
  for (let i = n - 1; i >= 0; i--) {
    const row = rows[i] as number[];
    const known = result.reduce((sum, one, j) => (j > i ? sum + one * (row[j] ?? 0) : sum), 0);
    result[i] = ((row[n] ?? 0) - known) / (row[i] as number);
  }
  return result;
}

/** A column's length; 0 where it is nothing but zeros. */
const lengths = (gram: Matrix) => gram.map((row, i) => Math.sqrt(Math.max(row[i] ?? 0, 0)));
const part = (matrix: Matrix, of: readonly number[]) => of.map((i) => of.map((j) => matrix[i]?.[j] ?? 0));

/** Columns of length 1, so that jobs and constants weigh alike. */
function unit(gram: Matrix, length: readonly number[]): number[][] {
  return gram.map((row, i) =>
    row.map((one, j) => (length[i] && length[j] ? one / ((length[i] as number) * (length[j] as number)) : 0)),
  );
}

/**
 * @param gram X'X
 * @param rhs X'y
 * @returns the coefficients; 0 for a column of zeros
 */
export function nnls(gram: Matrix, rhs: readonly number[]): number[] {
  const length = lengths(gram);
  const matrix = unit(gram, length);
  const wanted = rhs.map((one, i) => (length[i] ? one / length[i] : 0));
  const size = Math.max(...wanted.map(Math.abs), 0);
  let inside: number[] = [];
  let x = wanted.map(() => 0);
  for (let turn = 0; turn < 10 * wanted.length; turn++) {
    const gain = wanted.map((one, i) =>
      inside.includes(i) || !length[i]
        ? 0
        : one - x.reduce((sum, value, j) => sum + value * (matrix[i]?.[j] ?? 0), 0),
    );
    const best = gain.indexOf(Math.max(...gain));
    if (!((gain[best] ?? 0) > LEAST_GAIN * size)) break;
    inside = [...inside, best];
    while (inside.length > 0) {
      const found = solve(
        part(matrix, inside),
        inside.map((i) => wanted[i] ?? 0),
      );
      const below = inside.filter((_, i) => (found[i] ?? 0) <= 0);
      const next = x.map((_, i) => found[inside.indexOf(i)] ?? 0);
      if (below.length === 0) {
        x = next;
        break;
      }
      // As far as none becomes negative; those that are 0 then go out.
      const step = Math.min(...below.map((i) => (x[i] ?? 0) / ((x[i] ?? 0) - (next[i] ?? 0)) || 0));
      x = x.map((one, i) => one + step * ((next[i] ?? 0) - one));
      const left = inside.filter((i) => (x[i] ?? 0) > 1e-14 * size || !below.includes(i));
      // The one that came in last may be the one that goes out: then nothing more is to be had from it.
      if (left.length === inside.length) return scaled(x, length);
      x = x.map((one, i) => (left.includes(i) ? one : 0));
      inside = left;
    }
  }
  return scaled(x, length);
}

const scaled = (x: readonly number[], length: readonly number[]) =>
  x.map((one, i) => (length[i] ? one / length[i] : 0));

/**
 * How much of each column no other one has: 1 for one that is at right angles to all of them, 0 for one that the others add up to.
 */
export function ownShare(gram: Matrix): number[] {
  const length = lengths(gram);
  const some = length.flatMap((one, i) => (one > 0 ? [i] : []));
  const matrix = part(unit(gram, length), some);
  return length.map((_, i) => {
    const at = some.indexOf(i);
    if (at < 0) return 0;
    const inverse = solve(
      matrix,
      some.map((one) => (one === i ? 1 : 0)),
    );
    return Math.min(Math.max(1 / (inverse[at] ?? Number.POSITIVE_INFINITY), 0), 1);
  });
}
