/** The output `escrow`: everything that only the state holds, for `npm run escrow`. */
import * as pulumi from "@pulumi/pulumi";
import type { EscrowState } from "../services/escrow";
import type { Settings } from "../settings/schema";
import { ESCROWED } from "../settings/secrets";
import { type EscrowArgs, type Escrowed, escrowState, escrowWarning } from "./escrowContent";
import type { InstanceSecrets } from "./instanceSecrets";

function escrowedOf({ held, extraSecretEnv, deployKey }: InstanceSecrets): pulumi.Output<Escrowed> {
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
    return { secrets, deployKey: key };
  });
}

/** Warns if the file is missing or out of date, as soon as the secrets are known: in a preview, too. */
export const escrowOf = (secrets: InstanceSecrets, args: EscrowArgs): pulumi.Output<Escrowed> =>
  escrowedOf(secrets).apply((escrowed) => {
    const warning = escrowWarning(escrowed, args);
    if (warning) pulumi.log.warn(warning);
    return escrowed;
  });

/** The same for main, whose watch raises the alarm. */
export const escrowStateOf = (
  secrets: InstanceSecrets,
  settings: Settings["escrow"],
): pulumi.Output<EscrowState> => escrowedOf(secrets).apply((escrowed) => escrowState(escrowed, settings));
