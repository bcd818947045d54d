/** Workers, and how they are connected. */
import type { Facts, Finding } from "../schema";
import { count } from "../words";
import { attention, known, page, unknown } from "./finding";
import { machine } from "./machine";

export function workers({ main, workers, time }: Facts): Finding[] {
  const jobs = "value" in main.facts ? main.facts.value.jobs : main.facts;
  return workers.flatMap(({ name, host, facts }) => {
    if ("value" in facts)
      return [
        ...machine(name, host, facts.value, time),
        ...known(
          facts.value.path,
          [name, `${name}'s path to main`, `ssh root@${host} tailscale status`],
          (path) =>
            path === "relayed"
              ? [
                  attention(
                    name,
                    `Packets from ${name} to main go through a relay, at 1 to 5 MB/s.`,
                    "Open UDP 41641 between the two.",
                  ),
                ]
              : path === "none"
                ? [
                    attention(
                      name,
                      `${name} does not see exactly one main in the tailnet.`,
                      page("the-tailnet-is-gone"),
                    ),
                  ]
                : [],
        ),
      ];
    const next = page("a-worker-is-dead");
    if ("unknown" in jobs) return [unknown(name, `${name} could not be asked: ${facts.unknown}`, next)];
    const alive = jobs.value.processes.filter((process) => process.host === host).length;
    return [
      alive > 0
        ? unknown(
            name,
            `${name} works (${count(alive, "Sidekiq process", "Sidekiq processes")}), but could not be asked: ${facts.unknown}`,
            "Allow ssh from this machine: docs/operations.md#where-to-look-on-a-machine",
          )
        : attention(
            name,
            `${name} is dead or cut off: no Sidekiq process of it is known, and it could not be asked: ${facts.unknown}`,
            next,
          ),
    ];
  });
}
