/** What control groups, and everything together, use of this machine's cores. */
import type { ControlGroup } from "../../lab/controlGroup";
import { busySeconds, shareOfCores } from "./cores";

export interface Taken {
  /** Share of all cores that was busy, with anything. */
  busy: number;
  /** Share of all cores that the groups used. */
  own: number;
  /** Cores that each group used, on average. */
  groups: number[];
}

export class Meter {
  private readonly began = Date.now();
  private readonly busy = busySeconds();
  private readonly before: number[];

  constructor(private readonly groups: readonly ControlGroup[]) {
    this.before = groups.map((group) => group.used());
  }

  /** Usage since the meter was created. */
  read(): Taken {
    const elapsed = (Date.now() - this.began) / 1000;
    const seconds = this.groups.map((group, i) => group.used() - (this.before[i] ?? 0));
    return {
      busy: shareOfCores(busySeconds() - this.busy, elapsed),
      own: shareOfCores(
        seconds.reduce((sum, one) => sum + one, 0),
        elapsed,
      ),
      groups: seconds.map((one) => one / elapsed),
    };
  }
}
