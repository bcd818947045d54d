/** The machines of a stack, and how they are reached, from its state. */
import { nameOf, plain, type StateResource } from "../stackState";

/** A machine in the tailnet. */
export interface Machine {
  /** `main`, or `POOL-NUMBER`. */
  name: string;
  /** Name in the tailnet. */
  host: string;
  /** Public host key, so that no other machine can answer in its place. */
  hostKey: string;
}

export interface StackMachines {
  /** Of the web interface. */
  url: string;
  /** The stack's own ssh key, which every machine accepts. */
  privateKey: string;
  main: Machine;
  workers: (Machine & { pool: string })[];
}

interface Outputs {
  url?: string;
  tailnetHosts?: { main: string; workers: Record<string, string[]> };
}

const KEY = "tls:index/privateKey:PrivateKey";

/** @throws Error that says what to do, if the stack has no machines yet */
export function machinesOf(stack: string, resources: readonly StateResource[]): StackMachines {
  const { outputs } = resources.find(({ type }) => type === "pulumi:pulumi:Stack") ?? {};
  const { url, tailnetHosts } = plain(outputs ?? {}) as Outputs;
  const key = (name: string, part: "privateKeyOpenssh" | "publicKeyOpenssh") => {
    const found = resources.find(({ type, urn }) => type === KEY && nameOf(urn) === name);
    return (plain(found?.outputs ?? {}) as Record<string, string>)[part]?.trim();
  };
  const privateKey = key("secrets-deploy-key", "privateKeyOpenssh");
  if (!url || !tailnetHosts || !privateKey)
    throw new Error(`The stack ${stack} has no machines yet, or its last up did not end. Run: pulumi up`);
  const machine = (name: string, host: string, owner: string): Machine => {
    const hostKey = key(`${owner}-host-key`, "publicKeyOpenssh");
    if (!hostKey) throw new Error(`The state of ${stack} has no host key of ${name}. Run: pulumi up`);
    return { name, host, hostKey };
  };
  return {
    url,
    privateKey,
    main: machine("main", tailnetHosts.main, "main"),
    workers: Object.entries(tailnetHosts.workers).flatMap(([pool, hosts]) =>
      hosts.map((host, i) => ({ ...machine(`${pool}-${i + 1}`, host, `workers-${pool}`), pool })),
    ),
  };
}
