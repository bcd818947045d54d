/** When all queues are empty, as the rules foresee it, against the model's course of the story's layouts, as a file of `promtool test rules`. */
import { QUEUE_NAMES, type QueueName } from "../../../catalogue/queues";
import { evaluate } from "../../../fleet/model/evaluate";
import { STORY_TODAY as STORY } from "../../../fleet/model/story";
import { forecastFile, forecastTest } from "../../../rehearsal/catchUp/forecast";
import { LAYOUTS } from "../../../rehearsal/catchUp/scale";

/** The value of a curve between its points. */
function at(xs: readonly number[], ys: readonly number[], x: number): number {
  const next = xs.findIndex((one) => one >= x);
  if (next <= 0) return ys[Math.max(next, 0)] ?? 0;
  const [x0 = 0, x1 = 0, y0 = 0, y1 = 0] = [xs[next - 1], xs[next], ys[next - 1], ys[next]];
  return y0 + ((y1 - y0) * (x - x0)) / (x1 - x0);
}

/**
 * @param rules path of the rules' file, as promtool sees it
 * @param bound how far a forecast may be off
 * @param yesterday whether main was there the day before
 */
export const emptyingTests = (rules: string, bound: number, yesterday: boolean): string =>
  forecastFile(
    rules,
    LAYOUTS.map(({ name, says, fleet }) => {
      const { course, queues } = evaluate(fleet, STORY);
      const observed = {
        fleet,
        emptyHours: Math.max(...queues.map(({ drainHours = 0 }) => drainHours)),
        backlog: (queue: QueueName, hours: number) =>
          at(course.hours, course.backlog[QUEUE_NAMES.indexOf(queue)] ?? [], hours + STORY.outage.hours),
        ...(yesterday
          ? {
              jobsPerSecond: (queue: QueueName) => STORY.workload.queues[queue].jobsPerSecond,
            }
          : {}),
      };
      return forecastTest(`(${name}) ${says}`, observed, (left) => ({
        expr: `abs(mastodon:work_done_seconds / ${left} - 1) < bool ${bound}`,
        exp_samples: [{ labels: "{}", value: 1 }],
      }));
    }),
  );
