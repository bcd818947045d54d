/** One main and one worker that works for it, in one tailnet. */
import type { Machine } from "../../../lab/machine";
import { mainInputs } from "../../support/mainFixtures";
import { Lab, mainBundle, VOLUME_NAME, workerBundle } from "../lab";
import { peer, sees } from "../tailnet";

export class Pair {
  private constructor(
    readonly lab: Lab,
    readonly main: Machine,
    readonly worker: Machine,
  ) {}

  static async create(): Promise<Pair> {
    const lab = await Lab.create();
    const main = await lab.machine(mainBundle());
    const worker = await lab.machine(workerBundle());
    sees(worker, peer(main, mainInputs().names.tags.main));
    await Promise.all([main.start(), worker.start()]);
    await main.attach(await lab.volume(), VOLUME_NAME);
    expect(await Promise.all([main.booted(), worker.booted()])).toEqual(["done", "done"]);
    await main.run("mastodon-ready 180");
    await worker.run("mastodon-ready 180");
    return new Pair(lab, main, worker);
  }

  remove(): Promise<void> {
    return this.lab.remove();
  }
}

/** The pair, once it is made. */
export type Pairs = () => Pair;

/** The machine's own rules, without what changes by itself. */
export const rules = (machine: Machine): Promise<string> => machine.run("nft --stateless list ruleset");
