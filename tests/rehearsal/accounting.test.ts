/** Every lost job gets the one cause that its last trace allows, or none. */
import {
  account,
  type Event,
  type Evidence,
  held,
  longestGap,
  secondsWithoutService,
  summary,
  unexplainedEntries,
} from "../../rehearsal/load/accounting";

const NOTHING: Evidence = {
  acknowledged: new Map(),
  finished: new Set(),
  failing: new Set(),
  events: [],
  unanswered: [],
  deaths: [],
  breaks: [],
  powerCuts: [],
};

const WORKER = { host: "worker", process: "worker:1:aa" };
const event = (job: number, name: Event["event"], at: number, more: Partial<Event> = {}): Event => ({
  job,
  event: name,
  at,
  ...WORKER,
  ...more,
});
/** Job 1, acknowledged at 1000 and not finished, with that evidence. */
const causeOf = (evidence: Partial<Evidence>) =>
  account({ ...NOTHING, acknowledged: new Map([[1, 1000]]), ...evidence }).lost.map(({ cause }) => cause);

test("a finished job is not lost, whatever was said of it", () => {
  const result = account({
    ...NOTHING,
    acknowledged: new Map([[1, 1000]]),
    finished: new Set([1]),
    events: [event(1, "dropped", 1100)],
  });
  expect(result).toEqual({ acknowledged: 1, finished: 1, lost: [], unanswered: 0 });
  expect(summary(result)).toBe("none of 1 jobs lost");
});

test("a job that nobody acknowledged is nobody's loss", () => {
  expect(account({ ...NOTHING, events: [event(7, "popped", 1100)] }).lost).toEqual([]);
});

test("a popped job is lost with its process, and with no other", () => {
  const popped = { events: [event(1, "popped", 1100)] };
  expect(causeOf({ ...popped, deaths: [{ ...WORKER, at: 1200, threads: 2 }] })).toEqual(["death"]);
  expect(causeOf({ ...popped, deaths: [{ host: "worker", at: 1200, threads: 2 }] })).toEqual(["death"]);
  expect(
    causeOf({ ...popped, deaths: [{ host: "worker", process: "worker:1:bb", at: 1200, threads: 2 }] }),
  ).toEqual([undefined]);
  expect(causeOf({ ...popped, deaths: [{ host: "other", at: 1200, threads: 2 }] })).toEqual([undefined]);
  // The process was dead already: somebody else of that host had it.
  expect(causeOf({ ...popped, deaths: [{ host: "worker", at: 1099, threads: 2 }] })).toEqual([undefined]);
});

test("what was handed back, or is to be tried again, has to be somewhere", () => {
  const deaths = [{ host: "worker", at: 1300, threads: 2 }];
  expect(causeOf({ events: [event(1, "popped", 1100), event(1, "handed back", 1200)], deaths })).toEqual([
    undefined,
  ]);
  expect(causeOf({ events: [event(1, "popped", 1100), event(1, "failed", 1200)], deaths })).toEqual([
    undefined,
  ]);
});

test("the last word counts, in whatever order the words arrive", () => {
  const deaths = [{ host: "other", at: 1400, threads: 2 }];
  const events = [
    event(1, "popped", 1300, { host: "other", process: "other:1:cc" }),
    event(1, "popped", 1100),
    event(1, "handed back", 1200),
  ];
  expect(causeOf({ events, deaths })).toEqual(["death"]);
});

test("a failure that could not be stored is the connection's, while there was none", () => {
  const events = [event(1, "popped", 1100), event(1, "dropped", 1200)];
  expect(causeOf({ events, breaks: [{ kind: "connection", from: 1150, until: 1250 }] })).toEqual([
    "connection",
  ]);
  expect(causeOf({ events, breaks: [{ kind: "connection", from: 1201, until: 1250 }] })).toEqual([undefined]);
  expect(causeOf({ events, breaks: [{ kind: "connection", from: 1100, until: 1199 }] })).toEqual([undefined]);
});

test("what fails while Redis refuses writes has a name of its own, which explains nothing that no process had", () => {
  const breaks = [{ kind: "refusal" as const, from: 1000, until: 2000 }];
  expect(causeOf({ events: [event(1, "popped", 1100), event(1, "dropped", 1200)], breaks })).toEqual([
    "refusal",
  ]);
  expect(causeOf({ breaks })).toEqual([undefined]);
});

test("retries may be exhausted only of what was made to fail", () => {
  const events = [event(1, "popped", 1100), event(1, "dead", 1200), event(1, "failed", 1201)];
  expect(causeOf({ events, failing: new Set([1]) })).toEqual(["exhausted"]);
  expect(causeOf({ events })).toEqual([undefined]);
});

test("a thread that waits for an answer has its job still", () => {
  const popped = event(1, "popped", 1100);
  const death = { ...WORKER, threads: 2 };
  expect(held(popped, [])).toBe(true);
  expect(held(popped, [{ ...death, at: 1099 }])).toBe(true);
  expect(held(popped, [{ ...death, at: 1200 }])).toBe(false);
  expect(held(event(1, "handed back", 1100), [])).toBe(false);
  expect(held(undefined, [])).toBe(false);
});

test("of what no process had, each question without an answer explains one", () => {
  const acknowledged = new Map([1, 2, 3].map((job) => [job, 1000]));
  const unanswered = [1500, 1600].map((at) => ({ event: "unanswered" as const, at, ...WORKER }));
  expect(causeOf({ acknowledged, unanswered })).toEqual(["connection", "connection", undefined]);
  // A broken connection that no question was asked on explains none.
  expect(causeOf({ acknowledged, breaks: [{ kind: "connection", from: 500, until: 9000 }] })).toEqual([
    undefined,
    undefined,
    undefined,
  ]);
});

test("of what no process had, a process that is dead explains one for each of its threads", () => {
  const acknowledged = new Map([1, 2, 3].map((job) => [job, 1000]));
  const deaths = [{ ...WORKER, at: 1500, threads: 2 }];
  expect(causeOf({ acknowledged, deaths })).toEqual(["connection", "connection", undefined]);
});

test("a power cut takes what came within the append-only file's last second, and nothing older", () => {
  const powerCuts = [10_000];
  expect(causeOf({ acknowledged: new Map([[1, 9500]]), powerCuts })).toEqual(["appendOnlyFile"]);
  expect(causeOf({ acknowledged: new Map([[1, 7999]]), powerCuts })).toEqual([undefined]);
  expect(causeOf({ acknowledged: new Map([[1, 10_001]]), powerCuts })).toEqual([undefined]);
});

test("a power cut takes retries and what was handed back, too, of that time", () => {
  const powerCuts = [10_000];
  for (const name of ["failed", "handed back"] as const) {
    expect(causeOf({ events: [event(1, name, 9500)], powerCuts })).toEqual(["appendOnlyFile"]);
    expect(causeOf({ events: [event(1, name, 7999)], powerCuts })).toEqual([undefined]);
  }
});

test("a power cut takes entries of feeds that were written in the append-only file's last second, and nothing older or newer", () => {
  const entries = [7000, 8000, 9999, 10_000, 10_001].map((at) => ({ job: at, at }));
  const ats = (cuts: number[]) => unexplainedEntries(entries, cuts).map(({ at }) => at);
  expect(ats([])).toEqual([7000, 8000, 9999, 10_000, 10_001]);
  expect(ats([10_000])).toEqual([7000, 10_001]);
});

test("the summary names each cause with its number, and what has none", () => {
  expect(
    summary(
      account({
        ...NOTHING,
        acknowledged: new Map([1, 2, 3].map((job) => [job, 1000])),
        events: [event(1, "popped", 1100), event(2, "popped", 1100)],
        deaths: [{ ...WORKER, at: 1200, threads: 2 }],
      }),
    ),
  ).toBe("3 of 3 jobs lost: 2 in flight at a kill -9 or machine death, 1 unexplained");
});

test("service is missing from the first try that fails to the answer of the next that does not", () => {
  const tick = (sent: number, answered: number, ok: boolean) => ({ sent, answered, ok });
  expect(secondsWithoutService([tick(0, 10, true), tick(200, 210, true)])).toBe(0);
  expect(
    secondsWithoutService([
      tick(0, 10, true),
      tick(200, 5200, false),
      tick(5200, 5210, false),
      tick(5400, 5410, true),
    ]),
  ).toBe(5.21);
  // Twice, and not yet back.
  expect(
    secondsWithoutService([
      tick(0, 100, false),
      tick(200, 300, true),
      tick(400, 500, false),
      tick(600, 900, false),
    ]),
  ).toBe(0.8);
});

test("the longest gap, whatever the order", () => {
  expect(longestGap([5000, 1000, 2000])).toBe(3);
  expect(longestGap([])).toBe(0);
});
