/** What a worker does before it is deleted: it finishes its jobs and leaves the tailnet, if it still can. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import * as command from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import type { ReadinessArgs } from "./readiness";

/** Kept in the state, so a change of it in a later version also applies to existing workers. */
const SCRIPT = readFileSync(join(__dirname, "drain.sh"), "utf8");

/**
 * Runs on the deploying machine, not as a `remote.Command` on the worker: that one could not be deleted, and every `pulumi up` would fail,
 * as long as a dead worker does not answer.
 */
export function drain(
  name: string,
  {
    host,
    hostKey,
    privateKey,
    dropletId,
  }: Pick<ReadinessArgs, "host" | "hostKey" | "privateKey" | "dropletId">,
  opts: pulumi.CustomResourceOptions,
) {
  return new command.local.Command(
    name,
    {
      delete: SCRIPT,
      environment: { HOST: host, HOST_KEY: hostKey, PRIVATE_KEY: pulumi.secret(privateKey) },
      triggers: [dropletId],
    },
    // Sidekiq has 40 s; the script gives up after a minute without an answer.
    { customTimeouts: { delete: "10m" }, ...opts },
  );
}
