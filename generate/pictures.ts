/** `npm run pictures`: the story's stages as pictures for docs/capacity.md, drawn from the model. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { QUEUE_NAMES, type QueueName } from "../catalogue/queues";
import { evaluate, type Situation } from "../fleet/model/evaluate";
import type { Fleet } from "../fleet/model/fleet";
import { recover } from "../fleet/model/recovery";
import { serviceOf } from "../fleet/model/stations";
import { STORY, STORY_FLEETS, STORY_TODAY } from "../fleet/model/story";
import { directConnections } from "../fleet/sizing/connections";
import { backlogChart, budgetChart, type Curve } from "../report/charts";
import { runCommand } from "../tools/commandLine";

export const FOLDER = join(__dirname, "../docs/pictures");

/** A day and a half: through the night, until work resumes the next morning. */
const UNTIL_HOURS = 33;
/** The same scale on all pictures, so that they can be compared. */
const MOST_JOBS = 500_000;
const SIZE = { width: 720, height: 280 };

/**
 * A separate file needs its own colors and background: GitHub shows it as an image, which follows the reader's color scheme and knows
 * nothing about the page.
 */
const STYLE = `<style>
:root { --paper: #ffffff; --ink: #1b1f24; --muted: #57606a; --line: #d0d7de; --accent: #0a5ab8; --shade: #eaeef2 }
@media (prefers-color-scheme: dark) {
:root { --paper: #12161b; --ink: #e6edf3; --muted: #9aa6b2; --line: #38424d; --accent: #6cb0ff; --shade: #232b34 }
}
</style>
<rect width="100%" height="100%" fill="var(--paper)"/>`;

const file = (svg: string) => `${svg.replace(/^(<svg[^>]*>)/, `$1\n${STYLE}`)}\n`;

/** All jobs that wait, and those of the queues that are behind. */
function curvesOf(fleet: Fleet, situation: Situation): Curve[] {
  const { workload, conditions, outage } = situation;
  const course = recover(
    serviceOf(fleet, workload, conditions),
    workload.nightShare,
    outage,
    UNTIL_HOURS - outage.hours,
  );
  const behind = evaluate(fleet, situation)
    .queues.filter(({ utilization }) => utilization >= 1)
    .map(({ queue }) => queue);
  const curve = (name: string, queues: readonly QueueName[]): Curve => ({
    name,
    points: course.hours.map((at, i) => [
      at,
      queues.reduce((sum, queue) => sum + (course.backlog[QUEUE_NAMES.indexOf(queue)]?.[i] ?? 0), 0),
    ]),
  });
  return [curve("all queues", QUEUE_NAMES), ...behind.map((queue) => curve(queue, [queue]))];
}

function backlog(id: string, title: string, fleet: Fleet, situation = STORY): string {
  const { outage } = situation;
  const busiest = outage.hours + outage.hoursBeforeBusiest;
  const picture = backlogChart(
    {
      curves: curvesOf(fleet, situation),
      outageHours: outage.hours,
      untilHours: UNTIL_HOURS,
      moments: [busiest, busiest + 24].map((at) => ({ at, name: "busiest" })),
      mostJobs: MOST_JOBS,
    },
    { ...SIZE, id, label: `Jobs that wait from the outage on: ${title}` },
  );
  return file(picture);
}

function connections(): string {
  const budget = (name: string, used: number) => ({ name, used, limit: 100, words: `${used} of 100` });
  const of = (fleet: Fleet) => evaluate(fleet, STORY).main.connections;
  const { tenThreads, split } = STORY_FLEETS;
  const budgets = [
    budget("a, every client connected directly", directConnections(of(tenThreads).client)),
    budget("c, every client connected directly", directConnections(of(split).client)),
    budget("c, through pgbouncer", of(split).serverTotal),
  ];
  const label = `Connections to Postgres: ${budgets.map(({ name, words }) => `${name} ${words}`).join("; ")}`;
  return file(budgetChart(budgets, { id: "d", width: SIZE.width, label }));
}

/** File name → SVG. */
export const pictures = (): Record<string, string> => ({
  "story-a.svg": backlog("a", "10 threads for all queues", STORY_FLEETS.tenThreads),
  "story-a-today.svg": backlog(
    "a-today",
    "10 threads for all queues, today's Mastodon",
    STORY_FLEETS.tenThreads,
    STORY_TODAY,
  ),
  "story-b.svg": backlog("b", "20 threads for all queues", STORY_FLEETS.twentyThreads),
  "story-c.svg": backlog("c", "split queues", STORY_FLEETS.split),
  "story-d.svg": connections(),
  "story-e.svg": backlog("e", "default on a CPU-optimized droplet", STORY_FLEETS.defaultOffHost),
});

if (require.main === module)
  runCommand(
    {
      help: "npm run pictures\n\nDraws the story's curves for docs/capacity.md from the model.\n",
      options: {},
    },
    () => {
      mkdirSync(FOLDER, { recursive: true });
      for (const [name, svg] of Object.entries(pictures())) writeFileSync(join(FOLDER, name), svg);
    },
  );
