/** The machines behind the stack's droplets. */
import type { BootedMachines } from "../lab/bootedMachines";
import type { Machine } from "../lab/machine";
import { namesOfStack } from "../settings/names";
import type { RehearsedStack } from "./stack";

export interface WorkerMachine {
  /** In the tailnet. */
  hostname: string;
  dropletName: string;
  machine: Machine;
}

export class StackMachines {
  constructor(
    private readonly booted: BootedMachines,
    private readonly stack: RehearsedStack,
  ) {}

  get mainDroplet(): string {
    return namesOfStack(this.stack.name).mainDroplet;
  }

  /** The running machine of main's droplet. */
  main(): Machine {
    return this.booted.running(this.mainDroplet).machine;
  }

  workerHosts(): WorkerMachine[] {
    return this.booted
      .list()
      .filter(({ hostname }) => this.stack.site.hostnames.workers.includes(hostname))
      .map(({ hostname, dropletName, machine }) => ({ hostname, dropletName, machine }));
  }

  workers(): Machine[] {
    return this.workerHosts().map(({ machine }) => machine);
  }

  /** Main first. */
  all(): Machine[] {
    return [this.main(), ...this.workers()];
  }

  rebootMain(): Promise<Machine> {
    return this.booted.reboot(this.mainDroplet);
  }
}
