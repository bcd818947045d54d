/** Releases, and upgrades of Mastodon and Postgres. */
import type { Facts, Finding, MainFacts } from "../schema";
import { count } from "../words";
import { attention, known, note, page } from "./finding";

const NAMES = { mastodon: "Mastodon", postgres: "Postgres" } as const;

export function release({ main }: Facts): Finding[] {
  if ("unknown" in main.facts) return [];
  const facts = main.facts.value;
  return known(facts.upgrades, ["release", "Whether an upgrade is running"], (upgrades) => [
    ...upgrades.flatMap(({ of, running, failed }) => {
      const [what, next] = [NAMES[of], page(`upgrade-${of}`)];
      if (running)
        return [
          note(
            "release",
            `An upgrade of ${what} is running.`,
            `ssh root@${main.host} journalctl -fu ${of}-upgrade`,
          ),
        ];
      return failed ? [attention("release", `The last upgrade of ${what} stopped: ${failed}`, next)] : [];
    }),
    ...known(facts.release, ["release", "Which release runs"], (versions) =>
      upgrades.some(({ of, running }) => of === "mastodon" && running) ? [] : settled(facts, versions),
    ),
  ]);
}

/** While no upgrade is running, everything is of one release: the one of the settings. */
function settled(
  { jobs }: MainFacts,
  { wanted, running, phase }: { wanted: string; running: string; phase: string },
): Finding[] {
  const next = "pulumi up";
  const others =
    "value" in jobs ? jobs.value.processes.filter(({ release, quiet }) => release !== running && !quiet) : [];
  return [
    ...(phase === "moving"
      ? [attention("release", `An upgrade to ${running} was interrupted.`, next)]
      : running !== wanted
        ? [attention("release", `${running} runs, and the settings on main say ${wanted}.`, next)]
        : []),
    ...(phase === "held"
      ? [
          note(
            "release",
            `The post-deployment migrations of ${running} wait, because of upgrade.finish: later.`,
            page("upgrade-mastodon"),
          ),
        ]
      : []),
    ...(others.length > 0
      ? [
          attention(
            "release",
            `${count(others.length, "process runs", "processes run")} another release than ${running}: ${[...new Set(others.map((one) => `${one.host} (${one.release || "unknown"})`))].join(", ")}.`,
            page("upgrade-mastodon"),
          ),
        ]
      : []),
  ];
}
