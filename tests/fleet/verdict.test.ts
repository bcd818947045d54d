/** What the verdict says, word for word, and that the change it recommends mends. */

import type { SidekiqProcess } from "../../catalogue/queues";
import { evaluate, type Situation } from "../../fleet/model/evaluate";
import type { Fleet } from "../../fleet/model/fleet";
import { AT_THE_BUSIEST } from "../../fleet/model/story";
import { workloadOf } from "../../fleet/model/workload";
import { accepts, findings } from "../../fleet/verdict/findings";
import { judge } from "../../fleet/verdict/verdict";
import { CONDITIONS, fleet, mainHost, poolHost, sidekiq, sized } from "../support/fleets";

const g4 = sized("g-4vcpu-16gb");
const c2 = sized("c-2");
const cpuBound = sidekiq({ default: 8, ingress: 4 }, 5);
const federation = sidekiq({ push: 6, ingress: 4, mailers: 2, pull: 2, fasp: 1 }, 15);
const fallback = sidekiq({ default: 8, push: 6, ingress: 4, mailers: 2, pull: 1, fasp: 1 }, 2);
const scheduler = sidekiq(["scheduler"], 2);
const main = (size = g4, ...processes: SidekiqProcess[]) =>
  mainHost(size, ...(processes.length > 0 ? processes : [fallback, scheduler]));
const pool = (count = 2, size = c2, ...processes: SidekiqProcess[]) =>
  poolHost(size, count, ...(processes.length > 0 ? processes : [cpuBound, federation]));

const situation = (users: number, catchUpHours = 1, rttMs = 1): Situation => ({
  ...AT_THE_BUSIEST,
  workload: workloadOf({ activeUsers: users, nightPercent: 20, queues: {} }),
  conditions: { ...CONDITIONS, rttMs },
  catchUpHours,
});

const lines = (list: readonly { key: string; message: string }[]) =>
  list.map(({ key, message }) => `${key} ${message}`);
const said = (of: Fleet, when: Situation) => {
  const { problems, warnings } = judge(of, when);
  return { problems: lines(problems), warnings: lines(warnings) };
};
const NOTHING = { problems: [], warnings: [] };

test("a fleet that keeps up and catches up gives not a word", () => {
  expect(said(fleet(main(), pool()), situation(4000))).toEqual(NOTHING);
});

describe("errors:", () => {
  test("a catch-up that takes too long, and how many droplets mend it", () => {
    expect(said(fleet(main(), pool(1)), situation(4000, 0.5))).toEqual({
      ...NOTHING,
      problems: [
        "workers[0].count is 1, and after an outage of 2 h default (0.8 h) and pull (0.51 h) have not caught up within recovery.catchUpHours: 0.5; write 2 ($42 a month more)",
      ],
    });
    expect(said(fleet(main(), pool(2)), situation(4000, 0.5))).toEqual(NOTHING);
  });

  test("queues that fall behind at the busy hour, and the main droplet that they need", () => {
    const of = fleet(main(), pool());
    expect(said(of, situation(8500, 24)).problems).toEqual([
      "main.size is g-4vcpu-16gb, and at the busy hour default (42.6 jobs/s arrive, 7.2 can be done), ingress (8.7 jobs/s arrive, 6.7 can be done) and pull (4.5 jobs/s arrive, 1.7 can be done) fall behind; write g-8vcpu-32gb ($126 a month more)",
    ]);
    expect(said(fleet(main(sized("g-8vcpu-32gb")), pool()), situation(8500, 24))).toEqual(NOTHING);
  });

  test("what costs nothing is recommended first: threads", () => {
    const of = (threads: number) => fleet(main(), pool(2, c2, cpuBound, { ...federation, threads }));
    expect(said(of(1), situation(3000, 0.45)).problems).toEqual([
      "workers[0].sidekiq[1].threads is 1, and after an outage of 2 h default (0.5 h) and pull (0.63 h) have not caught up within recovery.catchUpHours: 0.45; write 3",
    ]);
    expect(said(of(2), situation(3000, 0.45)).problems).toHaveLength(1);
    expect(said(of(3), situation(3000, 0.45))).toEqual(NOTHING);
  });

  test("web that leaves the database nothing is one problem, not seven", () => {
    expect(said(fleet(main(), pool()), situation(9000, 24)).problems).toEqual([
      "main.size is g-4vcpu-16gb, and web and its queries alone take 4.0 of main's 4.0 vCPUs at the busy hour; write g-8vcpu-32gb ($126 a month more)",
    ]);
  });

  test("what no single setting mends is said so", () => {
    expect(said(fleet(main(), pool()), situation(20_000)).problems).toEqual([
      "workload is more than the fleet can do: web and its queries alone take 8.8 of main's 4.0 vCPUs at the busy hour; no single setting is enough, `npm run size` proposes a fleet",
    ]);
  });

  test("the scheduler is never recommended twice, however far behind it is", () => {
    const busy: Situation = {
      ...situation(1000),
      workload: workloadOf({
        activeUsers: 1000,
        nightPercent: 20,
        queues: { scheduler: { jobsPerSecond: 7 } },
      }),
    };
    const beyondOneCore =
      "workload is more than the fleet can do: at the busy hour scheduler (7.0 jobs/s arrive, 6.1 can be done) falls behind; no single setting is enough, `npm run size` proposes a fleet";
    expect(said(fleet(main(), pool()), busy).problems).toEqual([beyondOneCore]);
    const onWorkers = fleet(main(g4, fallback), pool(1, c2, cpuBound, scheduler));
    expect(said(onWorkers, busy).problems).toContain(beyondOneCore);
  });

  test("workers far away: the way is mended before droplets are bought", () => {
    expect(said(fleet(main(), pool()), situation(4000, 1, 76)).problems).toEqual([
      expect.stringMatching(
        /^assumptions\.rttMs is 76, and after an outage of 2 h default .* have not caught up within recovery\.catchUpHours: 1; between droplets of one region with a direct path \(`tailscale ping`\) it is about 1: fix the path, and write what it then takes, at most 2$/,
      ),
    ]);
  });

  test("memory that does not suffice is left to its own check, and nothing else is judged until it does", () => {
    const small = fleet(main(sized("s-1vcpu-1gb")), pool());
    const found = findings(small, situation(6000), evaluate(small, situation(6000)));
    expect(found).toContainEqual({ kind: "memory", place: { setting: "main.size" } });
    expect(said(small, situation(6000))).toEqual(NOTHING);
    expect(accepts(small, situation(6000), evaluate(small, situation(6000)))).toBe(false);
  });
});

describe("warnings:", () => {
  test("queues bound by the CPU on shared CPUs, and the droplet to take", () => {
    const shared = pool(2, sized("s-2vcpu-4gb"));
    expect(said(fleet(main(), shared), situation(1000, 2)).warnings).toEqual([
      "workers[0].size is s-2vcpu-4gb, whose shared CPUs may give 70 % of what they show, and the CPU is what bounds default and ingress; write c-2 ($36 a month more)",
    ]);
    // Queues that wait for others may stay there.
    const network = pool(1, sized("s-2vcpu-4gb"), sidekiq({ push: 6, mailers: 2, pull: 1, fasp: 1 }, 15));
    expect(said(fleet(main(), network), situation(500, 2))).toEqual(NOTHING);
  });

  test("more than 25 threads in a process", () => {
    const many = pool(2, c2, cpuBound, { ...federation, threads: 40 });
    expect(said(fleet(main(), many), situation(4000)).warnings).toEqual([
      "workers[0].sidekiq[1].threads is 40, and one process has one core for all of them: more than 25 wait for each other; write 25",
    ]);
  });

  test("threads that are needed are spread over more processes, where there are cores for them", () => {
    const slowServers: Situation = {
      ...situation(1000, 24),
      workload: workloadOf({
        activeUsers: 1000,
        nightPercent: 20,
        queues: { push: { jobsPerSecond: 9, waitMs: 3000 } },
      }),
    };
    const { push: _, ...others } = fallback.queues as Record<string, number>;
    const of = (slug: string) =>
      fleet(
        main(g4, { ...fallback, queues: others }, scheduler),
        pool(1, sized(slug), cpuBound, sidekiq({ push: 1, mailers: 1 }, 50)),
      );
    const why =
      "workers[0].sidekiq[1].threads is 50, and one process has one core for all of them: more than 25 wait for each other;";
    expect(said(of("c-4"), slowServers).warnings).toEqual([`${why} write 25 and replicas: 2`]);
    expect(said(of("c-2"), slowServers).warnings).toEqual([
      `${why} no single setting fixes that, \`npm run size\` proposes a fleet`,
    ]);
  });

  test("more processes than cores: fewer replicas, or a larger droplet", () => {
    const crowded = pool(2, c2, { ...cpuBound, replicas: 3 });
    expect(said(fleet(main(), crowded), situation(1000, 2)).warnings).toEqual([
      "workers[0].sidekiq[0].replicas is 3, and 3 Sidekiq processes share 2 vCPUs; write 2",
    ]);
    const three = pool(1, c2, cpuBound, federation, sidekiq(["mailers"], 5));
    expect(said(fleet(main(), three), situation(1000, 2)).warnings).toEqual([
      "workers[0].size is c-2, and 3 Sidekiq processes share 2 vCPUs; write c-4 ($42 a month more)",
    ]);
  });

  test("queues that are used above 70 % at the busy hour", () => {
    const of = { ...fleet(main(), pool(1)), overrides: { web: { processes: 3 } } };
    const { problems, warnings } = said(of, situation(7000, 24));
    expect(problems).toEqual([]);
    expect(warnings).toEqual([
      "workers[0].sidekiq[1].queues is { push: 6, ingress: 4, mailers: 2, pull: 2, fasp: 1 }, and at the busy hour default (75 %) is used above 70 %; write { push: 6, ingress: 4, mailers: 2, pull: 2, fasp: 1, default: 8 }",
    ]);
  });

  test("strict order that starves, and the weights to write", () => {
    const strict = sidekiq(["push", "pull", "ingress", "fasp", "mailers"], 15);
    const few = fleet(
      main(sized("g-2vcpu-8gb"), strict, scheduler),
      pool(1, c2, { ...cpuBound, queues: ["default"] }),
    );
    expect(said(few, situation(1000, 2)).warnings).toEqual([
      "main.sidekiq[0].queues is [push, pull, ingress, fasp, mailers], and in strict order mailers (0.58 h) and fasp (0.58 h) get nothing while others catch up with an outage; write { push: 6, pull: 1, ingress: 4, fasp: 1, mailers: 2 }",
    ]);
  });

  test("a long way between workers and the database, with what it costs", () => {
    expect(said(fleet(main(), pool()), situation(1000, 2, 5)).warnings).toEqual([
      expect.stringMatching(
        /^assumptions\.rttMs is 5, and a job of \w+ waits for that \d+ times: at 2 the fleet could do \d\.\d times as much; between droplets of one region with a direct path \(`tailscale ping`\) it is about 1: fix the path, and write what it then takes, at most 2$/,
      ),
    ]);
    // Without workers nobody goes that way.
    expect(said(fleet(main()), situation(500, 2, 5)).warnings).toEqual([]);
  });

  test("web that needs more of Puma's processes than there are, and how many", () => {
    const cores = { ...situation(4000, 24), workload: { ...situation(4000, 24).workload, webCores: 1.7 } };
    expect(said(fleet(main(), pool()), cores).warnings).toEqual([
      "main.web.processes is 2, and at the busy hour web keeps 3 of Puma's processes busy: each has one core, whatever its threads; write 3",
    ]);
    const mended = { ...fleet(main(), pool()), overrides: { web: { processes: 3 } } };
    expect(said(mended, cores)).toEqual(NOTHING);
  });
});
