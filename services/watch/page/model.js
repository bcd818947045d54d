// The capacity model's figures, as curves and as sentences. services/watch/prediction.ts says what they are.
import { clock, duration, SI, short } from "./format.js";

// What the model expects at each of these times.
export function planned(panel, group, times, rows, prediction) {
  const figure = {
    jobsPerSecond: () =>
      Object.values(prediction.queues).reduce((sum, queue) => sum + queue.jobsPerSecond, 0),
    requestsPerSecond: () => prediction.requestsPerSecond,
    sockets: () => prediction.sockets,
    cpu: () => prediction.cpu[group] ?? null,
  }[panel.plan];
  if (figure) return times.map(() => figure());
  return recovery(times, rows[0], prediction.queues[group]);
}

// From the day's highest backlog on: how the model would have worked it off. Nothing where there was none worth speaking of.
export function recovery(times, measured, { jobsPerSecond, course }) {
  const none = times.map(() => null);
  const peak = Math.max(0, ...measured.map((jobs) => jobs ?? 0));
  if (peak < Math.max(100, 300 * jobsPerSecond) || course.length < 2) return none;
  const at = times[measured.indexOf(peak)];
  const offset = secondsAt(course, peak);
  let empty = false;
  return times.map((time) => {
    if (time < at || empty) return null;
    const jobs = jobsAt(course, offset + time - at);
    empty = jobs === 0;
    return jobs;
  });
}

// Along the course, and before its beginning as steep as there.
export const between = ([a, b], [c, d], x) => b + ((d - b) * (x - a)) / (c - a);
export function secondsAt(course, jobs) {
  const next = Math.max(
    1,
    course.findIndex(([, left]) => left <= jobs),
  );
  const flipped = [course[next - 1], course[next]].map(([seconds, left]) => [left, seconds]);
  return flipped[0][0] === flipped[1][0] ? flipped[0][1] : between(...flipped, jobs);
}
export function jobsAt(course, seconds) {
  const next = course.findIndex(([at], i) => i > 0 && at >= seconds);
  if (next < 0) return course.at(-1)[1];
  return Math.max(0, between(course[next - 1], course[next], seconds));
}

export function backlogWords(chart, row, { emptySeconds, course, jobsPerSecond, canDo }, prediction) {
  const most = course[0]?.[1] ?? 0;
  const ends = emptySeconds === null ? "never empty" : `empty ${duration(emptySeconds)} later`;
  const plan = `Plan: ${short(jobsPerSecond)} jobs/s arrive, ${short(canDo)} can be done. After ${short(prediction.outageHours)} h down ${SI(most)} wait, ${ends}.`;
  const drawn = row.findLastIndex((value) => value !== null);
  if (drawn < 0) return plan;
  const done = row[drawn] === 0;
  return `${plan} From its peak, the plan ${done ? `would be done at ${clock(chart.times[drawn])}` : `would still have ${SI(row[drawn])} waiting`}.`;
}

export function latencyWords({ latencySeconds }) {
  return latencySeconds === null
    ? "Plan: the queue grows without end."
    : `Plan: a job takes ${duration(latencySeconds)}.`;
}
