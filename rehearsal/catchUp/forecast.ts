/** When the watch's rules say that all queues will be empty, in a course of backlogs: as files of `promtool test rules`. */
import { stringify } from "yaml";
import { QUEUE_NAMES, type QueueName } from "../../catalogue/queues";
import type { Fleet } from "../../fleet/model/fleet";
import { STORY_TODAY as STORY } from "../../fleet/model/story";
import { busyHoursOf } from "../../fleet/model/workload";
import { groupsOf } from "../../fleet/prediction";
import type { Machine } from "../../lab/machine";

/** How far a forecast may be off, from that minute after the outage on, until so few minutes are left that a share of them means nothing. */
export const FORECAST = { bound: 0.2, fromMinute: 10, everyMinutes: 5, lastMinutes: 5 };

/** The first measurement is so many hours before the outage's end: a day, and the two hours over which the rules average. */
const HOURS_BEFORE = 26;
/** Minutes between two measurements. */
const STEP = 1;

const RULES = "/etc/mastodon-host/alarms.yml";
const QUESTIONS = "/root/forecast.yml";

export interface Observed {
  fleet: Fleet;
  /** Hours from the outage's end until nothing waits. */
  emptyHours: number;
  /** Jobs that wait, so many hours after the outage's end; negative hours are before it. */
  backlog(queue: QueueName, hours: number): number;
  /** Jobs/s at the busy hour, from which yesterday follows; none if main was not there yesterday. */
  jobsPerSecond?(queue: QueueName): number;
}

/** Jobs that were done yesterday, on a day without an outage, since the first measurement. */
function doneOf(jobsPerSecond: number, hours: number): number {
  const busiest = HOURS_BEFORE + STORY.outage.hoursBeforeBusiest;
  return jobsPerSecond * 3600 * busyHoursOf(STORY.workload.nightShare, -busiest, hours);
}

/** Minutes after the outage at which somebody asks. */
export function askedAt({ emptyHours }: Observed): number[] {
  const { fromMinute, everyMinutes, lastMinutes } = FORECAST;
  const times = Math.floor((emptyHours * 60 - lastMinutes - fromMinute) / everyMinutes) + 1;
  return Array.from({ length: Math.max(times, 0) }, (_, i) => fromMinute + i * everyMinutes);
}

/** @param expected what promtool has to find at each of these minutes, with the seconds that are left then; nothing if absent */
export function forecastTest(
  name: string,
  observed: Observed,
  expected: (left: number) => { expr: string; exp_samples?: object[] },
) {
  const { fleet, emptyHours, backlog, jobsPerSecond } = observed;
  const before = jobsPerSecond ? HOURS_BEFORE : STORY.outage.hours;
  const groups = groupsOf(fleet.hosts.flatMap(({ sidekiq }) => sidekiq));
  const steps = Math.floor(((before + emptyHours) * 60) / STEP);
  const measured = (value: (hours: number) => number) =>
    Array.from({ length: steps }, (_, i) => Math.round(value((i * STEP) / 60))).join(" ");
  return {
    name,
    interval: `${STEP}m`,
    input_series: QUEUE_NAMES.flatMap((queue) => [
      {
        series: `mastodon_queue_backlog{queue="${queue}"}`,
        values: measured((hours) => backlog(queue, hours - before)),
      },
      {
        series: `mastodon_plan_job_cpu_seconds{queue="${queue}", group="${groups[queue]}"}`,
        values: `${STORY.workload.queues[queue].cpuMs / 1000}x${steps}`,
      },
      ...(jobsPerSecond
        ? [
            {
              series: `mastodon_pool_jobs_total{pool="main", service="sidekiq", queue="${queue}"}`,
              values: measured((hours) =>
                doneOf(jobsPerSecond(queue), Math.min(hours, before - STORY.outage.hours)),
              ),
            },
          ]
        : []),
    ]),
    promql_expr_test: askedAt(observed).map((minute) => ({
      ...expected(emptyHours * 3600 - minute * 60),
      eval_time: `${before * 60 + minute}m`,
    })),
  };
}

/** @param rules path of the rules' file, as promtool sees it */
export const forecastFile = (rules: string, tests: readonly object[]): string =>
  stringify({ rule_files: [rules], evaluation_interval: `${STEP}m`, tests }, { lineWidth: 0 });

/** Minutes after the outage, and how far the forecast was off then: −0.1 is a tenth too early, Infinity is no forecast. */
export interface Forecast {
  minute: number;
  off: number;
}

/** @returns in the order of `askedAt` */
export function forecastsIn(promtool: string, observed: Observed): Forecast[] {
  const got = [...promtool.matchAll(/exp: *nil\s+got: *\{[^}]*\} (\S+)/g)].map(([, value]) => Number(value));
  const asked = askedAt(observed);
  if (got.length !== asked.length)
    throw new Error(`promtool answered ${got.length} of ${asked.length} questions:\n${promtool}`);
  return asked.map((minute, i) => {
    const seconds = got[i] ?? Number.NaN;
    const off = seconds / (observed.emptyHours * 3600 - minute * 60) - 1;
    // Prometheus says NaN.
    return { minute, off: Number.isNaN(off) ? Number.POSITIVE_INFINITY : off };
  });
}

/** What main's own rules foresee. promtool says what it found where nothing was expected. */
export async function foreseen(main: Machine, observed: Observed): Promise<Forecast[]> {
  if (!Number.isFinite(observed.emptyHours)) throw new Error("not all queues became empty");
  const asked = forecastTest("measured", observed, () => ({ expr: "mastodon:work_done_seconds" }));
  main.write(QUESTIONS, forecastFile(RULES, [asked]));
  const { stdout, stderr } = await main.attempt(`promtool test rules ${QUESTIONS}`);
  return forecastsIn(stdout + stderr, observed);
}
