/** When main has enough of the old server, by counts of bytes; machines are in tests/hosts/adoptByReplication.test.ts. */
import { behind, has, isClose, type Progress } from "../../../operations/adopt/replication";

const MIB = 2 ** 20;
const at = (changes: Partial<Progress> = {}): Progress => ({
  written: 100 * MIB,
  replayed: 100 * MIB,
  redisWritten: 5000,
  redisReplayed: 5000,
  ...changes,
});

test.each([
  ["with everything", {}, true],
  ["less than a segment behind", { replayed: 85 * MIB }, true],
  ["a segment behind", { replayed: 84 * MIB }, false],
  ["not connected", { replayed: -1 }, false],
  ["Redis still copies", { redisReplayed: -1 }, false],
  ["Redis stays behind", { redisWritten: -1, redisReplayed: -1 }, true],
])("main follows: %s", (_, changes, close) => {
  expect(isClose(at(changes))).toBe(close);
});

test("the last of it is what was written before main is asked, of both", () => {
  const goal = at();
  expect(has(at({ written: 200 * MIB }), goal)).toBe(true);
  expect(has(at({ replayed: 100 * MIB - 1 }), goal)).toBe(false);
  expect(has(at({ redisReplayed: 4999 }), goal)).toBe(false);
  expect(has(at({ replayed: -1 }), goal)).toBe(false);
});

test("what it waits for is said", () => {
  expect(behind(at({ replayed: 84 * MIB, redisReplayed: -1 }))).toBe(
    "Postgres is 16.0 MiB behind, Redis is not connected, or still copies",
  );
  expect(behind(at({ replayed: -1, redisWritten: -1 }))).toBe("Postgres is not connected");
});
