/** Main goes down in order and comes back, once with nothing of the tailnet's control plane there. */
import { until } from "../../tools/until";
import { expectClosed } from "./closed";
import type { Step } from "./step";

export const reboot: Step = async ({ rehearsal, report }) => {
  await report.check("main reboots while the control plane is down, and HTTPS answers", async () => {
    const seconds = await rehearsal.rebootMainWithoutControlPlane();
    return `${seconds.toFixed(1)} s after power`;
  });
  const closed = await report.check("after the reboot the internet reaches the same and no more", () =>
    expectClosed(rehearsal),
  );
  const { instance } = rehearsal;
  const workers = await report.check("with the control plane back, workers take jobs again", async () => {
    const start = new Date();
    await until("a job done by a worker", 180, async () => {
      await instance.post("again");
      return (await instance.worker("DistributionWorker", start)) !== undefined;
    });
  });
  return closed && workers;
};
