/** What a worker does before it goes: it ends its jobs and leaves the tailnet, if it still can. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import * as command from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import type { ReadinessArgs } from "./readiness";

/** Kept in the state, so a later program's change of it takes effect on the workers that are there. */
const SCRIPT = readFileSync(join(__dirname, "drain.sh"), "utf8");

/**
 * A command of the deploying machine and not of the worker, as `remote.Command` has it: that one fails its own deletion, and
 * with it every `pulumi up`, as long as a dead worker does not answer.
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
    // Sidekiq has 40 s; the script gives up after a minute where nobody answers.
    { customTimeouts: { delete: "10m" }, ...opts },
  );
}
