/** Facts → what is not well, and what to do. */
import type { Facts, Finding, Status } from "../schema";
import { data } from "./data";
import { unknown } from "./finding";
import { jobs } from "./jobs";
import { machine } from "./machine";
import { release } from "./release";
import { site } from "./site";
import { watch } from "./watch";
import { workers } from "./workers";

const ORDER: readonly Finding["severity"][] = ["attention", "unknown", "note"];

/** The most urgent first, otherwise in the order in which people ask. */
function findings(facts: Facts): Finding[] {
  const { main, time } = facts;
  const all = [
    ...site(facts),
    ...("value" in main.facts
      ? machine(main.name, main.host, main.facts.value, time)
      : [
          unknown(
            main.name,
            `Main could not be asked: ${main.facts.unknown}`,
            nextWithoutMain(main.facts.unknown),
          ),
        ]),
    ...jobs(facts),
    ...workers(facts),
    ...release(facts),
    ...data(facts),
    ...watch(facts),
  ];
  return ORDER.flatMap((severity) => all.filter((one) => one.severity === severity));
}

/** By what ssh said. */
function nextWithoutMain(said: string): string {
  if (/resolve hostname/.test(said))
    return "Is this machine on the tailnet, with MagicDNS? tailscale status. Otherwise: docs/operations.md#the-tailnet-is-gone";
  if (/host key/i.test(said))
    return "Another device may have main's name: tailscale status. After a new main: pulumi up";
  if (/permission denied/i.test(said))
    return "The tailnet's policy, or /root/.ssh/authorized_keys on main, keeps this machine out.";
  return "docs/operations.md#the-tailnet-is-gone";
}

export function judge(facts: Facts): Status {
  const found = findings(facts);
  const result =
    "unknown" in facts.main.facts
      ? "unavailable"
      : found.some(({ severity }) => severity !== "note")
        ? "attention"
        : "well";
  return { result, findings: found, ...facts };
}
