/** What goes wrong at a provider, on demand. */

/**
 * - `refused`: the API says no, and nothing has happened.
 * - `timed out`: the API has done it, and the provider gave up waiting for its end; of what it made it knows the id.
 * - `answer lost`: the API has done it, nobody heard so, and the provider's client asked again: four times, a POST too
 *   (godo's retries, DIGITALOCEAN_HTTP_RETRY_MAX). What may be there twice is there twice.
 * - `slow`: the answer takes its time; whatever becomes of the asker, the API does its work.
 */
export type Effect = "refused" | "timed out" | "answer lost" | { slow: number };

export interface Fault {
  method: "create" | "update" | "delete" | "read";
  /** Resource's name in the program. */
  name: string;
  effect: Effect;
  /** How often; once where absent. */
  times?: number;
}

/** Faults that are to come; each is used up by the calls that it meets. */
export class Faults {
  private readonly due: Required<Fault>[] = [];

  add(...faults: readonly Fault[]): void {
    this.due.push(...faults.map((fault) => ({ times: 1, ...fault })));
  }

  /** What this call meets. */
  meet(method: string, name: string): Effect | undefined {
    const fault = this.due.find((due) => due.times > 0 && due.method === method && due.name === name);
    if (fault) fault.times--;
    return fault?.effect;
  }

  /** Faults that no call has met. */
  get left(): string[] {
    return this.due.filter(({ times }) => times > 0).map(({ method, name }) => `${method} ${name}`);
  }
}
