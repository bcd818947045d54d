/** What is taken of this machine's cores, by control groups and by everybody. */
import type { ControlGroup } from "../../lab/controlGroup";
import { busySeconds, shareOfCores } from "./cores";

export interface Taken {
  /** Share of all cores that was busy, whoever with. */
  busy: number;
  /** Share of all cores that the groups took. */
  own: number;
  /** Cores of each group, on the average. */
  groups: number[];
}

export class Meter {
  private readonly began = Date.now();
  private readonly busy = busySeconds();
  private readonly before: number[];

  constructor(private readonly groups: readonly ControlGroup[]) {
    this.before = groups.map((group) => group.used());
  }

  /** Since it was made. */
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
