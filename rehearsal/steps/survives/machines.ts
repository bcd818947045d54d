/** Machines that go down and come back. */
import { rebootMainWithoutControlPlane } from "../reboot";
import { newMain } from "../step";
import type { Happening } from "./happening";

/** Main has to boot, and Mastodon has to load. */
const MAIN_BOOTS = 180;

export const MACHINES: Happening[] = [
  {
    promise: "a worker reboots",
    happen: ({ world, worker }) => world.cloud.machines.reboot(worker.dropletName),
    lossless: true,
  },
  {
    promise: "a worker loses its power",
    happen: ({ world, worker, incident }) =>
      world.cloud.machines.powerCut(worker.dropletName, () => incident.died(worker.hostname)),
  },
  {
    promise: "main reboots",
    streaming: MAIN_BOOTS,
    happen: ({ world }) => world.machines.rebootMain(),
    lossless: true,
  },
  {
    promise: "main reboots while the tailnet's control plane is down",
    streaming: MAIN_BOOTS,
    lossless: true,
    happen: ({ world }) => rebootMainWithoutControlPlane(world),
  },
  {
    promise: "main loses its power",
    streaming: MAIN_BOOTS,
    async happen({ world, incident }) {
      incident.disconnected();
      await world.cloud.machines.powerCut(world.machines.mainDroplet, () => {
        incident.died(world.stack.site.hostnames.main);
        incident.powerCut();
      });
    },
  },
  {
    promise: "main is replaced on purpose, and its volume adopted",
    streaming: MAIN_BOOTS,
    lossless: true,
    happen: ({ world }) => newMain(world),
  },
];
