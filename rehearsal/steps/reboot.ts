/** Main shuts down properly and comes back, once while the tailnet's control plane is down. */
import { until } from "../../tools/until";
import type { Needs } from "../world";
import { expectClosed } from "./closed";
import type { Inputs } from "./step";

/** Waits until the site answers again; returns the seconds from power-on. */
export async function rebootMainWithoutControlPlane({
  plane,
  machines,
  browser,
}: Needs<"plane" | "machines" | "browser">): Promise<number> {
  await plane.down();
  try {
    await machines.rebootMain();
    const start = Date.now();
    await until("HTTPS", 120, async () => (await browser.web("/health")).stdout === "OK");
    return (Date.now() - start) / 1000;
  } finally {
    await plane.up();
  }
}

export const reboot = async (world: Inputs<"browser" | "instance" | "machines" | "outside" | "plane">) => {
  const { report } = world;
  await report.check("main reboots while the control plane is down, and HTTPS answers", async () => {
    const seconds = await rebootMainWithoutControlPlane(world);
    return `${seconds.toFixed(1)} s after power`;
  });
  const closed = await report.check("after the reboot the internet reaches the same ports and no more", () =>
    expectClosed(world),
  );
  const { instance } = world;
  const workers = await report.check("with the control plane back, workers take jobs again", async () => {
    const start = new Date();
    await until("a job done by a worker", 180, async () => {
      await instance.post("again");
      return (await instance.worker("DistributionWorker", start)) !== undefined;
    });
  });
  return closed && workers;
};
