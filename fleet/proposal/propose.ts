/** The cheapest fleet that the model accepts for a workload: the answer of `npm run size`. */
import type { SidekiqProcess } from "../../catalogue/queues";
import { MOST_DROPLETS } from "../../settings/schema/machines";
import { type Evaluation, evaluate, type Situation, sizeHosts } from "../model/evaluate";
import {
  coreSpeed,
  type Fleet,
  type FleetHost,
  mainHost,
  monthlyUsd,
  poolHost,
  poolsOf,
} from "../model/fleet";
import { recover } from "../model/recovery";
import { serviceOf } from "../model/stations";
import { databaseAfterAYearGiB, workingSetMiB } from "../sizing/database";
import { cacheMiB } from "../sizing/memory";
import type { MainOverrides } from "../sizing/overrides";
import { findings, isError } from "../verdict/findings";
import { firstRung } from "../verdict/remedy";
import { type Cores, catalogueByCores, loneForms, mainForms, workerForms } from "./layouts";

export interface Wanted {
  situation: Situation;
  volumeGiB: number;
  /** What the stack sets for main's services: the memory has to suffice for it. */
  overrides: MainOverrides;
}

export interface Proposal {
  fleet: Fleet;
  evaluation: Evaluation;
  /** USD for droplets and volume. */
  monthlyUsd: number;
}

/**
 * What a fleet is to be besides accepted. `thrifty`: one droplet, whatever the model warns of. `standard`: workers apart, on dedicated CPUs, and no
 * warning. `resilient`: the same, and it still keeps up and catches up with any one worker lost.
 */
export const FLEET_KINDS = ["thrifty", "standard", "resilient"] as const;
export type FleetKind = (typeof FLEET_KINDS)[number];

/**
 * The cheapest fleet of a kind. Of equally cheap ones the one with the smallest droplets: one that is lost costs least.
 * undefined: no main droplet is large enough, or no pool.
 */
export function propose(wanted: Wanted, kind: FleetKind = "standard"): Proposal | undefined {
  const { workload, conditions } = wanted.situation;
  const all = catalogueByCores();
  // Web comes first on main: without anything left for the database no queue moves.
  const mains = all.filter(
    ({ vcpus, sizes: [size] }) =>
      size && vcpus * coreSpeed(size, conditions) > workload.webCores * conditions.safetyFactor,
  );
  const search = new Search(wanted, kind);
  if (kind === "thrifty") {
    for (const cores of mains)
      for (const form of loneForms(cores.vcpus)) {
        const main = fittingMain(cores, form, wanted, kind);
        if (main) search.fleets([[main]]);
      }
    return search.best;
  }
  // On shared CPUs only a fallback goes without a warning: main's.
  const workers = all.filter(({ cpu }) => cpu === "dedicated");
  for (const cores of mains) {
    const fitting = mainForms().flatMap((form) => fittingMain(cores, form, wanted, kind) ?? []);
    for (const { vcpus, sizes } of workers)
      for (const form of workerForms(vcpus))
        for (const main of fitting) search.fleets(growing(main, sizes[0] as FleetHost["size"], form, kind));
  }
  return search.best;
}

/** A proposed fleet with so many workers. */
export const withWorkers = (fleet: Fleet, count: number): Fleet => ({
  ...fleet,
  hosts: fleet.hosts.map((host) => (host.roles.includes("database") ? host : { ...host, count })),
});

/** The fleet after the loss of one of its workers. */
export const withOneWorkerLess = (fleet: Fleet): Fleet =>
  withWorkers(fleet, (poolsOf(fleet.hosts)[0]?.count ?? 1) - 1);

class Search {
  best: Proposal | undefined;

  constructor(
    private readonly wanted: Wanted,
    private readonly kind: FleetKind,
  ) {}

  /**
   * The first fleet that works, from a list in which each fleet does more and costs more than the one before. Fleets without a chance are
   * not simulated.
   */
  fleets(growing: readonly Fleet["hosts"][]): void {
    const { situation, volumeGiB, overrides } = this.wanted;
    const cheaper = growing
      .map((hosts): Fleet => ({ hosts, volumeGiB, overrides }))
      .filter((fleet) => monthlyUsd(fleet) < (this.best?.monthlyUsd ?? Number.POSITIVE_INFINITY));
    const last = cheaper.at(-1);
    if (!last || !this.works(last)) return;
    const { rung: fleet = last } = firstRung(cheaper, (one) => this.works(one)) ?? {};
    this.best = { fleet, evaluation: evaluate(fleet, situation), monthlyUsd: monthlyUsd(fleet) };
  }

  private works(fleet: Fleet): boolean {
    if (this.kind === "resilient" && !this.catchesUp(withOneWorkerLess(fleet))) return false;
    if (!this.catchesUp(fleet)) return false;
    const { situation } = this.wanted;
    // How large the volume is was decided before.
    const found = findings(fleet, situation, evaluate(fleet, situation, situation.catchUpHours)).filter(
      ({ kind }) => kind !== "volume" && kind !== "full",
    );
    return this.kind === "thrifty" ? !found.some(isError) : found.length === 0;
  }

  /** The outage first, and no further than it may last: most fleets of a search fail here, and this is quick. */
  private catchesUp(fleet: Fleet): boolean {
    const { workload, conditions, outage, catchUpHours } = this.wanted.situation;
    const { queues } = recover(
      serviceOf(fleet, workload, conditions),
      workload.nightShare,
      outage,
      catchUpHours,
    );
    return queues.every(({ drainHours }) => drainHours !== undefined);
  }
}

/** The same pool with one droplet, or two where one may be lost, and so on. */
function growing(
  main: FleetHost,
  size: FleetHost["size"],
  sidekiq: SidekiqProcess[],
  kind: FleetKind,
): Fleet["hosts"][] {
  const least = kind === "resilient" ? 2 : 1;
  return Array.from({ length: MOST_DROPLETS + 1 - least }, (_, i) => [
    main,
    poolHost(0, { name: "general", size, count: i + least, sidekiq }),
  ]);
}

/** Main on the cheapest size with so many cores whose memory suffices: for what runs there, and unless it is thrifty for the database's cache. */
function fittingMain(
  { sizes }: Cores,
  sidekiq: SidekiqProcess[],
  wanted: Wanted,
  kind: FleetKind,
): FleetHost | undefined {
  const { workload } = wanted.situation;
  const cached = kind === "thrifty" ? 0 : workingSetMiB(databaseAfterAYearGiB(workload));
  return sizes
    .map((size) => mainHost(size, sidekiq))
    .find((host) => {
      const { main } = sizeHosts({ hosts: [host], ...wanted }, wanted.situation);
      return main.problems.length === 0 && cacheMiB(host.size, main) >= cached;
    });
}
