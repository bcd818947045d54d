/** The cheapest fleet that the model accepts for a workload: what `npm run size` answers. */
import type { SidekiqProcess } from "../../catalogue/queues";
import { MOST_DROPLETS } from "../../settings/schema/machines";
import { type Evaluation, evaluate, type Situation, sizeHosts } from "../model/evaluate";
import { coreSpeed, type Fleet, type FleetHost, mainHost, monthlyUsd, poolHost } from "../model/fleet";
import { recover } from "../model/recovery";
import { serviceOf } from "../model/stations";
import type { MainOverrides } from "../sizing/overrides";
import { findings, isError } from "../verdict/findings";
import { firstRung } from "../verdict/remedy";
import { type Cores, catalogueByCores, loneForms, mainForms, workerForms } from "./layouts";

export interface Wanted {
  situation: Situation;
  volumeGiB: number;
  /** What the stack sets of main's services: the memory has to suffice for it. */
  overrides: MainOverrides;
  /** At least so much on main: the model does not know how large the database is. */
  mainMemoryMiB?: number | undefined;
}

export interface Proposal {
  fleet: Fleet;
  evaluation: Evaluation;
  /** USD for droplets and volume. */
  monthlyUsd: number;
}

/**
 * The cheapest fleet of a main droplet and a pool of identical workers that the model accepts without an error, and without a
 * warning unless they are allowed. Of equally cheap ones the one with the smallest droplets: one that is lost costs least.
 * undefined: no main droplet is large enough, or no pool.
 */
export function propose(wanted: Wanted, warningsAllowed = false): Proposal | undefined {
  const { workload, conditions } = wanted.situation;
  const kinds = catalogueByCores();
  // On shared CPUs only a fallback goes without a warning: that is main's, with workers.
  const workerKinds = kinds.filter(({ cpu }) => warningsAllowed || cpu === "dedicated");
  const search = new Search(wanted, warningsAllowed);
  for (const kind of kinds) {
    const [size] = kind.sizes;
    // Web comes first on main: without anything left for the database no queue moves.
    const webCores = workload.webCores * conditions.safetyFactor;
    if (!size || kind.vcpus * coreSpeed(size, conditions) <= webCores) continue;
    if (warningsAllowed)
      for (const form of loneForms(kind.vcpus)) {
        const main = fittingMain(kind, form, wanted);
        if (main) search.fleets([[main]]);
      }
    const mains = mainForms().flatMap((form) => fittingMain(kind, form, wanted) ?? []);
    for (const { vcpus, sizes } of workerKinds)
      for (const form of workerForms(vcpus))
        for (const main of mains) search.fleets(growing(main, sizes[0] as FleetHost["size"], form));
  }
  return search.best;
}

class Search {
  best: Proposal | undefined;

  constructor(
    private readonly wanted: Wanted,
    private readonly warningsAllowed: boolean,
  ) {}

  /** Takes the first that works of fleets that each do more, and cost more, than the one before; no simulation without hope. */
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
    const { situation } = this.wanted;
    const { workload, conditions, outage, catchUpHours } = situation;
    // The outage first, and no further than it may last: most fleets of a search fail here, and this is quick.
    const service = serviceOf(fleet, workload, conditions);
    const { queues } = recover(service, workload.nightShare, outage, catchUpHours);
    if (queues.some(({ drainHours }) => drainHours === undefined)) return false;
    // How large the volume is was decided before.
    const found = findings(fleet, situation, evaluate(fleet, situation)).filter(
      ({ kind }) => kind !== "volume",
    );
    // Main serves every queue too: none depends on one droplet or one account.
    return this.warningsAllowed ? !found.some(isError) : found.length === 0;
  }
}

/** The same pool with one droplet, two, and so on. */
const growing = (main: FleetHost, size: FleetHost["size"], sidekiq: SidekiqProcess[]): Fleet["hosts"][] =>
  Array.from({ length: MOST_DROPLETS }, (_, i) => [
    main,
    poolHost(0, { name: "general", size, count: i + 1, sidekiq }),
  ]);

/** Main on the cheapest size with so many cores whose memory suffices. */
function fittingMain({ sizes }: Cores, sidekiq: SidekiqProcess[], wanted: Wanted): FleetHost | undefined {
  return sizes
    .filter(({ memoryMiB }) => memoryMiB >= (wanted.mainMemoryMiB ?? 0))
    .map((size) => mainHost(size, sidekiq))
    .find((host) => sizeHosts({ hosts: [host], ...wanted }, wanted.situation).main.problems.length === 0);
}
