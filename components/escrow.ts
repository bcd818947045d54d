/** The output `escrow`: everything that only the state holds, for `npm run escrow`. */
import * as pulumi from "@pulumi/pulumi";
import { ESCROWED } from "../settings/secrets";
import { type EscrowArgs, type Escrowed, escrowWarning } from "./escrowContent";
import type { InstanceSecrets } from "./instanceSecrets";

/** Warns if the file is missing or out of date, as soon as the secrets are known: in a preview, too. */
export function escrowOf(
  { held, extraSecretEnv, deployKey }: InstanceSecrets,
  args: EscrowArgs,
): pulumi.Output<Escrowed> {
  const all: Record<string, pulumi.Output<string> | undefined> = {
    ...held,
    extraSecretEnv: extraSecretEnv.apply((variables) =>
      Object.keys(variables).length > 0 ? JSON.stringify(variables) : "",
    ),
  };
  return pulumi.secret(pulumi.all([all, deployKey.privatePem])).apply(([values, key]) => {
    // A stack that does not use a secret has none of that name, or an empty one.
    const secrets = Object.fromEntries(
      ESCROWED.flatMap((name) => (values[name] ? [[name, values[name]]] : [])),
    );
    const escrowed: Escrowed = { secrets, deployKey: key };
    const warning = escrowWarning(escrowed, args);
    if (warning) pulumi.log.warn(warning);
    return escrowed;
  });
}
