/** Failures of a provider, on demand. */

/**
 * - `refused`: the API refuses, and nothing has happened.
 * - `timed out`: the API did it, but the provider gave up waiting; it knows the id of what it made.
 * - `answer lost`: the API did it, but the answer was lost, and the provider's client asked again: four times, even a POST (godo's retries,
 * DIGITALOCEAN_HTTP_RETRY_MAX). What may exist twice exists twice.
 * - `slow`: the answer takes its time; the API does its work even if the client is gone.
 */
export type Effect = "refused" | "timed out" | "answer lost" | { slow: number };

export interface Fault {
  method: "create" | "update" | "delete" | "read";
  /** Resource's name in the program. */
  name: string;
  effect: Effect;
  /** How often; once if absent. */
  times?: number;
}

/** Faults to come; each is used up by the calls that it hits. */
export class Faults {
  private readonly due: Required<Fault>[] = [];

  add(...faults: readonly Fault[]): void {
    this.due.push(...faults.map((fault) => ({ times: 1, ...fault })));
  }

  /** The fault that hits this call. */
  meet(method: string, name: string): Effect | undefined {
    const fault = this.due.find((due) => due.times > 0 && due.method === method && due.name === name);
    if (fault) fault.times--;
    return fault?.effect;
  }

  /** Faults that no call has hit. */
  get left(): string[] {
    return this.due.filter(({ times }) => times > 0).map(({ method, name }) => `${method} ${name}`);
  }
}
