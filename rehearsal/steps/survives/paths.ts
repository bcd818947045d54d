/** Faults of the network between the machines. */
import { setTimeout as sleep } from "node:timers/promises";
import { withoutDirectPaths, withoutTailnet } from "../../../lab/faults";
import { until } from "../../../tools/until";
import type { Happening } from "./happening";

export const PATHS: Happening[] = [
  {
    promise: "a worker's direct path is blocked: its jobs go over the relay, and it warns of that",
    happen({ worker, incident }) {
      // For some seconds, until tailscaled switches to the relay.
      incident.disconnected();
      return withoutDirectPaths(worker.machine, async () => {
        const warned = "journalctl -q -u mastodon-worker -p warning --since -5min -o cat";
        await until("the worker's warning of a relay", 60, async () =>
          (await worker.machine.run(warned)).includes("packets to main go through the relay"),
        );
        const ready = await worker.machine.run("mastodon-ready 60");
        if (!ready.includes("no direct path to main")) throw new Error(`mastodon-ready: ${ready}`);
      });
    },
  },
  {
    promise: "a worker is cut off from the tailnet for 60 s",
    happen({ worker, incident }) {
      incident.disconnected();
      return withoutTailnet(worker.machine, () => sleep(60_000));
    },
  },
];
