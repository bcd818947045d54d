/** The part of a tailnet's policy file that an instance needs, as data. */
import { PGBOUNCER_PORT } from "../services/pgbouncer";
import { mainServices, workerServices } from "../services/roles";
import { tcpPorts } from "../services/service";
import type { Names } from "../settings/names";

export interface TailnetPolicy {
  tagOwners: Record<string, string[]>;
  acls: { action: "accept"; proto: "tcp"; src: string[]; dst: string[] }[];
  tests: { src: string; proto: "tcp"; accept?: string[]; deny: string[] }[];
}

/**
 * @param admins who may assign the tags and reach ssh: users, groups, autogroups
 *
 * `acls` instead of `grants`, because both Tailscale and headscale read them. Nothing else in the tailnet may reach the machines: a policy
 * accepts only what it names.
 */
export function tailnetPolicy(
  { main, worker, deploy }: Names["tags"],
  admins: readonly string[],
): TailnetPolicy {
  const ports = {
    onMain: tcpPorts(mainServices, "workers"),
    onWorkers: tcpPorts(workerServices, "main"),
  };
  const [onMain, onWorkers] = [each(main, ports.onMain), each(worker, ports.onWorkers)];
  const administered = [
    ...each(main, tcpPorts(mainServices, "administrators")),
    ...each(worker, tcpPorts(workerServices, "administrators")),
  ];
  return {
    tagOwners: {
      [deploy]: [...admins],
      // The OAuth client carries the deploy tag. That tag owns the other two, so the client can create keys for them.
      [main]: [...admins, deploy],
      [worker]: [...admins, deploy],
    },
    acls: [
      accept([worker], [`${main}:${ports.onMain.join(",")}`]),
      ...(onWorkers.length > 0 ? [accept([main], [`${worker}:${ports.onWorkers.join(",")}`])] : []),
      accept([...admins, deploy], administered),
    ],
    tests: [
      { src: worker, proto: "tcp", accept: onMain, deny: [`${main}:22`, `${main}:5432`, `${worker}:22`] },
      {
        src: main,
        proto: "tcp",
        ...(onWorkers.length > 0 ? { accept: onWorkers } : {}),
        deny: [`${worker}:22`, `${main}:${PGBOUNCER_PORT}`],
      },
      { src: deploy, proto: "tcp", accept: administered, deny: onMain },
    ],
  };
}

const each = (tag: string, ports: readonly number[]) => ports.map((port) => `${tag}:${port}`);

const accept = (src: string[], dst: string[]) => ({ action: "accept", proto: "tcp", src, dst }) as const;

/** The policy in the form that Tailscale's editor and API accept. */
export const policyText = (policy: TailnetPolicy) => `${JSON.stringify(policy, null, 2)}\n`;
