/** Machines that go and come back. */
import { succeeded } from "../step";
import type { Happening } from "./happening";

/** Main has to boot, and Mastodon to load. */
const MAIN_BOOTS = 180;

export const MACHINES: Happening[] = [
  {
    promise: "a worker reboots",
    happen: ({ rehearsal, worker }) => rehearsal.cloud.machines.reboot(worker.dropletName),
    lossless: true,
  },
  {
    promise: "a worker loses its power",
    happen: ({ rehearsal, worker, incident }) =>
      rehearsal.cloud.machines.powerCut(worker.dropletName, () => incident.died(worker.hostname)),
  },
  {
    promise: "main reboots",
    streaming: MAIN_BOOTS,
    happen: ({ rehearsal }) => rehearsal.rebootMain(),
    lossless: true,
  },
  {
    promise: "main reboots while the tailnet's control plane is down",
    streaming: MAIN_BOOTS,
    lossless: true,
    happen: ({ rehearsal }) => rehearsal.rebootMainWithoutControlPlane(),
  },
  {
    promise: "main loses its power",
    streaming: MAIN_BOOTS,
    async happen({ rehearsal, incident }) {
      incident.disconnected();
      await rehearsal.cloud.machines.powerCut(rehearsal.mainDroplet, () => {
        incident.died(rehearsal.site.hostnames.main);
        incident.powerCut();
      });
    },
  },
  {
    promise: "main is replaced on purpose, and its volume adopted",
    streaming: MAIN_BOOTS,
    lossless: true,
    async happen({ rehearsal }) {
      const { engine } = rehearsal;
      engine.edit(({ main }) => {
        main.generation = Number(main.generation ?? 1) + 1;
      });
      succeeded(await engine.up());
      await rehearsal.read();
      await rehearsal.syncFirewall();
    },
  },
];
