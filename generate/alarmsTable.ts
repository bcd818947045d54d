/** docs/watching.md, "Alarms": each with its severity, its patience and its sentence, from services/watch/alarms.ts. */
import { markdownTable } from "../report/markdownTable";
import { ALARMS } from "../services/watch/alarms";

/** A sentence for readers: `{{ $value }}` and the like as "…", without the words that are looked up later. */
const sentence = (says: string) =>
  says
    .replace(/\{\{ with .*\{\{ end \}\}/, " At this rate the queue is empty in ….")
    .replace(/\{\{[^}]*\}\}/g, "…");

export const alarmsTable = (): string =>
  markdownTable(
    ["alarm", "severity", "after", "says"],
    ALARMS.map(({ name, severity, for: pending = "at once", says }) => [
      `[${name}](alarms/${name}.md)`,
      severity,
      pending,
      sentence(says),
    ]),
  ).join("\n");
