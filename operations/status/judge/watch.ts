/** The watch: what it says, and whether it says anything. */
import type { Facts, Finding } from "../schema";
import { secondsBetween, span } from "../words";
import { attention, known, note } from "./finding";

export function watch({ main, workers, time }: Facts): Finding[] {
  if ("unknown" in main.facts) return [];
  return known(
    main.facts.value.watch,
    [
      "watch",
      "The watch is down. Nobody is told of trouble, and whether an alarm is raised",
      `ssh root@${main.host} systemctl status prometheus prometheus-alertmanager`,
    ],
    ({ installed, alarms }) =>
      installed
        ? [
            ...alarms.map(({ name, summary, since, silenced }) => {
              const text = `${name}, for ${span(secondsBetween(since, time))}: ${summary}`;
              return silenced
                ? note("watch", `Silenced alarm ${text}`)
                : attention("watch", `Alarm ${text}`, `docs/alarms/${name}.md`);
            }),
            ...(workers.length > 0
              ? []
              : [
                  note(
                    "ports",
                    "There is no worker that could look at main's ports from outside: one that is open by mistake is not noticed.",
                    "docs/watching.md#whether-a-port-is-open",
                  ),
                ]),
          ]
        : [note("watch", "Main has no watch: nobody is told of trouble.")],
  );
}
