/** When all queues are empty, as the rules foresee it, against the model's course of the story's layouts, as a file of `promtool test rules`. */
import { stringify } from "yaml";
import { QUEUE_NAMES } from "../../../catalogue/queues";
import { evaluate } from "../../../fleet/model/evaluate";
import { STORY_TODAY as STORY } from "../../../fleet/model/story";
import { LAYOUTS } from "../../../rehearsal/catchUp/scale";

/** Seconds between two measurements. */
const STEP = 15;
/** The rate is that of ten minutes, and in the first ones small queues of other processes drain, too. */
const FROM_MINUTE = 20;
const EVERY_MINUTES = 5;
/** The load still rises towards the busiest hour, which no rate knows. */
const BOUND = 0.25;

/** The value of a curve between its points. */
function at(xs: readonly number[], ys: readonly number[], x: number): number {
  const next = xs.findIndex((one) => one >= x);
  if (next <= 0) return ys[Math.max(next, 0)] ?? 0;
  const [x0 = 0, x1 = 0, y0 = 0, y1 = 0] = [xs[next - 1], xs[next], ys[next - 1], ys[next]];
  return y0 + ((y1 - y0) * (x - x0)) / (x1 - x0);
}

/** @param rules path of the rules' file, as promtool sees it */
export function emptyingTests(rules: string): string {
  return stringify(
    {
      rule_files: [rules],
      evaluation_interval: `${STEP}s`,
      tests: LAYOUTS.map(({ name, says, fleet }) => {
        const { course, queues } = evaluate(fleet, STORY);
        const { hours } = STORY.outage;
        const seconds = 3600 * Math.max(...queues.map(({ drainHours = 0 }) => drainHours));
        const steps = Math.floor(seconds / STEP);
        const minutes = Array.from(
          { length: Math.floor((seconds / 60 - FROM_MINUTE) / EVERY_MINUTES) },
          (_, i) => FROM_MINUTE + i * EVERY_MINUTES,
        );
        return {
          name: `(${name}) ${says}`,
          interval: `${STEP}s`,
          input_series: QUEUE_NAMES.flatMap((queue, q) => [
            {
              series: `mastodon_queue_backlog{queue="${queue}"}`,
              values: Array.from({ length: steps }, (_, i) =>
                Math.round(at(course.hours, course.backlog[q] ?? [], hours + (i * STEP) / 3600)),
              ).join(" "),
            },
            {
              series: `mastodon_plan_job_cpu_seconds{queue="${queue}"}`,
              values: `${STORY.workload.queues[queue].cpuMs / 1000}x${steps}`,
            },
          ]),
          promql_expr_test: minutes.map((minute) => ({
            expr: `abs(mastodon:work_done_seconds / ${seconds - minute * 60} - 1) < bool ${BOUND}`,
            eval_time: `${minute}m`,
            exp_samples: [{ labels: "{}", value: 1 }],
          })),
        };
      }),
    },
    { lineWidth: 0 },
  );
}
