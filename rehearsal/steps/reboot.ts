/** Main goes down in order and comes back, once with nothing of the tailnet's control plane there. */
import { sql } from "../databases";
import { until } from "../until";
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
  if (rehearsal.args.images === "real") return closed;
  return report.check("with the control plane back, workers take jobs again", async () => {
    const main = rehearsal.main();
    const count = async () =>
      Number(await sql(main, "SELECT count(*) FROM deliveries WHERE host NOT LIKE '%-main-%'"));
    const before = await count();
    await until("a job done by a worker", 180, async () => {
      await rehearsal.web("/api/v1/statuses", "--data", "status=again");
      return (await count()) > before;
    });
  });
};
