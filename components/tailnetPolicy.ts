/** The part of a tailnet's policy file that an instance needs, as data. */
import { PGBOUNCER_PORT } from "../services/pgbouncer";
import { mainServices, workerServices } from "../services/roles";
import { opened, type Switches, tcpPorts } from "../services/service";
import type { Names } from "../settings/names";

export interface TailnetPolicy {
  tagOwners: Record<string, string[]>;
  acls: { action: "accept"; proto: "tcp"; src: string[]; dst: string[] }[];
  tests: { src: string; proto: "tcp"; accept?: string[]; deny: string[] }[];
}

/**
 * @param admins who may assign the tags, and reach ssh and the page of the watch: users, groups, autogroups
 *
 * `acls` instead of `grants`, because both Tailscale and headscale read them. Nothing else in the tailnet may reach the machines: a policy
 * accepts only what it names.
 */
export function tailnetPolicy(
  { main, worker, deploy }: Names["tags"],
  admins: readonly string[],
  switches: Switches,
): TailnetPolicy {
  const services = { main: opened(mainServices, switches), workers: opened(workerServices, switches) };
  const ports = {
    onMain: tcpPorts(services.main, "workers"),
    onWorkers: tcpPorts(services.workers, "main"),
  };
  const [onMain, onWorkers] = [each(main, ports.onMain), each(worker, ports.onWorkers)];
  const administered = {
    main: each(main, tcpPorts(services.main, "administrators")),
    workers: each(worker, tcpPorts(services.workers, "administrators")),
  };
  const forAdministrators = [...administered.main, ...administered.workers];
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
      accept([...admins, deploy], forAdministrators),
    ],
    tests: [
      {
        src: worker,
        proto: "tcp",
        accept: onMain,
        deny: [...administered.main, `${main}:5432`, ...administered.workers],
      },
      {
        src: main,
        proto: "tcp",
        ...(onWorkers.length > 0 ? { accept: onWorkers } : {}),
        deny: [...administered.workers, `${main}:${PGBOUNCER_PORT}`],
      },
      { src: deploy, proto: "tcp", accept: forAdministrators, deny: onMain },
    ],
  };
}

const each = (tag: string, ports: readonly number[]) => ports.map((port) => `${tag}:${port}`);

const accept = (src: string[], dst: string[]) => ({ action: "accept", proto: "tcp", src, dst }) as const;

/** The policy in the form that Tailscale's editor and API accept. */
export const policyText = (policy: TailnetPolicy) => `${JSON.stringify(policy, null, 2)}\n`;
