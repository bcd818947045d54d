import type { QueueName } from "../../catalogue/queues";
import { type HostedProcess, placementWarnings } from "../../fleet/verdict/redundancy";

function hosted(host: string, count: number, ...queues: QueueName[]): HostedProcess {
  const account = host === "main" ? "main" : "workers";
  return { host, account, count, process: { queues, threads: 5, replicas: 1 } };
}

test("queues whose consumers all run on one droplet share one warning", () => {
  expect(placementWarnings([hosted("main", 1, "push", "pull"), hosted("main", 1, "pull")])).toEqual([
    "push, pull: all consumers run on one droplet, main; add a process for these queues to a pool of workers, with low weights if " +
      "it is only a fallback",
  ]);
});

test("several droplets in one account are still one account", () => {
  expect(placementWarnings([hosted("cpu", 2, "default"), hosted("net", 1, "default")])).toEqual([
    "default: all consumers run in one account, workers; add a process for these queues to main.sidekiq, with low " +
      "weights if it is only a fallback",
  ]);
  expect(placementWarnings([hosted("cpu", 1, "default")])[0]).toMatch(
    /^default: all consumers run on one droplet, cpu;/,
  );
});

test("consumers in both accounts, and scheduler anywhere, give no warning", () => {
  expect(placementWarnings([hosted("main", 1, "default", "scheduler"), hosted("cpu", 1, "default")])).toEqual(
    [],
  );
});

test("a pool without droplets is no second account", () => {
  expect(placementWarnings([hosted("main", 1, "default"), hosted("cpu", 0, "default")])).toHaveLength(1);
});
