/** The part of a tailnet's policy file that an instance needs, as data. */
import type { Names } from "../settings/names";

/** pgbouncer, the persistent Redis (queues, feeds) and the cache Redis (decision: docs/decisions/0003-three-ports.md). */
export const WORKER_PORTS = [6432, 6379, 6380] as const;

export interface TailnetPolicy {
  tagOwners: Record<string, string[]>;
  acls: { action: "accept"; proto: "tcp"; src: string[]; dst: string[] }[];
  tests: { src: string; proto: "tcp"; accept?: string[]; deny: string[] }[];
}

/**
 * @param admins who may give the tags and reach ssh: users, groups, autogroups
 *
 * `acls` rather than `grants`, because Tailscale and headscale read the same text. Nothing else in the tailnet may reach
 * the machines: a policy accepts only what it names.
 */
export function tailnetPolicy(
  { main, worker, deploy }: Names["tags"],
  admins: readonly string[],
): TailnetPolicy {
  const ports = WORKER_PORTS.map((port) => `${main}:${port}`);
  const ssh = [`${main}:22`, `${worker}:22`];
  return {
    tagOwners: {
      [deploy]: [...admins],
      // The OAuth client carries the deploy tag; owning the other two is what lets it mint their keys.
      [main]: [...admins, deploy],
      [worker]: [...admins, deploy],
    },
    acls: [
      { action: "accept", proto: "tcp", src: [worker], dst: [`${main}:${WORKER_PORTS.join(",")}`] },
      { action: "accept", proto: "tcp", src: [...admins, deploy], dst: ssh },
    ],
    tests: [
      { src: worker, proto: "tcp", accept: ports, deny: [`${main}:22`, `${main}:5432`, `${worker}:22`] },
      { src: main, proto: "tcp", deny: [`${worker}:22`, `${main}:6432`] },
      { src: deploy, proto: "tcp", accept: ssh, deny: ports },
    ],
  };
}

/** The policy as Tailscale's editor and API take it. */
export const policyText = (policy: TailnetPolicy) => `${JSON.stringify(policy, null, 2)}\n`;
