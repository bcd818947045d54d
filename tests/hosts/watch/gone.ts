/** Who hears of machines that are gone: first the worker's, then main itself. */
import { setTimeout as sleep } from "node:timers/promises";
import { DOMAIN, type Watched } from "./bed";

/** What docs/watching.md tells users to set at a dead man's switch. */
const SWITCH_MS = 5 * 60_000;
/** From when on DigitalOcean's uptime alert counts a site as down: components/outsideWatch.ts. */
const OUTSIDE_MS = 2 * 60_000;
const BOUND_MS = 5 * 60_000;

const since = (moment: number) => `${Math.round((Date.now() - moment) / 1000)} s`;

export function goneTests(watched: () => Watched): void {
  test("the worker account is gone: a mail within two minutes says whose jobs nobody does", async () => {
    const { main, worker } = watched();
    await watched().unsilenced();
    await watched().until('ALERTS{alertname="QueueWithoutConsumer"}', {}, 60);
    const before = watched().mails().length;
    const heard = () =>
      watched()
        .mails()
        .slice(before)
        .find(({ subject }) => subject === `critical: QueueWithoutConsumer at ${DOMAIN}`);
    await worker.cut();
    const gone = Date.now();
    await main.waitFor("a mail", 120, async () => heard() !== undefined);
    process.stdout.write(`    heard after ${since(gone)}\n`);
    expect(heard()?.text).toContain("No process serves default: its jobs wait.\n");
    // This one gives a new worker the time to boot.
    await watched().until(
      'ALERTS{alertname="WorkersMissing"}',
      { "alertname=WorkersMissing,alertstate=pending,pool=default,severity=warning": 1 },
      120,
    );
  }, 600_000);

  test("main has no power: a dead man's switch and a look from outside say so, each within five minutes", async () => {
    const { main, lab } = watched();
    // As DigitalOcean looks: by the name, from elsewhere.
    const look = async () =>
      (
        await lab.network.attempt([
          "curl",
          ...["-sk", "--max-time", "10", "-o", "/dev/null", "-w", "%{http_code}"],
          ...["--resolve", `${DOMAIN}:443:${main.address}`, `https://${DOMAIN}/health`],
        ])
      ).stdout;
    expect(await look()).toBe("200");
    await main.cut();
    const gone = Date.now();
    const beat = watched().lastBeat();
    expect(gone - beat).toBeLessThan(90_000);
    // What each of them waits for: nobody answers, and no beat comes.
    while (Date.now() < Math.max(gone + OUTSIDE_MS, beat + SWITCH_MS)) {
      expect(await look()).toBe("000");
      await sleep(5000);
    }
    expect(watched().lastBeat()).toBe(beat);
    const switched = beat + SWITCH_MS - gone;
    process.stdout.write(`    heard after ${Math.round(switched / 1000)} and ${OUTSIDE_MS / 1000} s\n`);
    expect(switched).toBeLessThanOrEqual(BOUND_MS);
  }, 900_000);
}
