/** main's bundle from the fixtures' settings and secrets. */

import { socketsOf } from "../../fleet/model/web";
import { perQueue } from "../../fleet/model/workload";
import { situationOf } from "../../fleet/situation";
import { sizeMain } from "../../fleet/sizing/sizing";
import { redisNeedOf } from "../../fleet/sizing/state";
import type { HostBundle } from "../../machines/bundle";
import { type MainHostInputs, mainHost } from "../../machines/hosts";
import type { MainSecrets } from "../../services/inputs";
import type { Prediction } from "../../services/watch/prediction";
import { namesOf } from "../../settings/names";
import { DEPLOY_KEY, secrets, settings } from "./fixtures";

export const mainSecrets: MainSecrets = {
  ...secrets,
  consolePassword: "the-consolePassword",
  backupKey: "the-backupKey",
  repositoryKey: "the-repositoryKey",
  backupAccessKeyId: "the-backupAccessKeyId",
  backupSecretAccessKey: "the-backupSecretAccessKey",
};

/** Any: the model's own takes a second or two. */
const PREDICTION: Prediction = {
  outageHours: 2,
  queues: perQueue(() => ({
    jobsPerSecond: 2,
    canDo: 20,
    latencySeconds: 0.2,
    jobSeconds: 0.01,
    group: "default",
    emptySeconds: 900,
    course: [
      [0, 14_400],
      [900, 0],
    ],
  })),
  requestsPerSecond: 30,
  sockets: 100,
  cpu: { main: 0.4, general: 0.3, default: 0.3 },
};

export function mainInputs(
  changes: Record<string, unknown> = {},
  changedSecrets: Partial<MainSecrets> = {},
): MainHostInputs {
  const all = settings(changes);
  const { workload, outage } = situationOf(all);
  return {
    stack: "prod",
    settings: all,
    names: namesOf(all, "prod"),
    deployKey: DEPLOY_KEY,
    sizing: sizeMain({
      memoryMiB: 8192,
      vcpus: 2,
      sidekiq: all.main.sidekiq,
      workerThreads: 10,
      volumeGiB: all.main.volumeGiB,
      redisNeed: redisNeedOf(workload, outage),
      sockets: socketsOf(workload.activeUsers),
    }),
    prediction: PREDICTION,
    escrow: "current",
    volumeName: "mastodon-prod-data",
    secrets: { ...mainSecrets, ...changedSecrets },
  };
}

export const mainBundle = (
  changes: Record<string, unknown> = {},
  changedSecrets: Partial<MainSecrets> = {},
): HostBundle => mainHost(mainInputs(changes, changedSecrets));

/** `name = value` and `name value` lines; comments and sections left out, later lines win. */
export function keys(text: string, separator: RegExp): Record<string, string> {
  return Object.fromEntries(
    text
      .split("\n")
      .filter((line) => line.trim() !== "" && !/^\s*[#[%]/.test(line))
      .map((line) => {
        const at = line.search(separator);
        return [line.slice(0, at).trim(), line.slice(at).replace(separator, "").trim()];
      }),
  );
}
