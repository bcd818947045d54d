/** docs/watching.md, "Alarms": each with its severity, its patience and its sentence, from services/watch/alarms.ts. */
import { markdownTable } from "../report/markdownTable";
import { ALARMS, LOOKED_UP } from "../services/watch/alarms";

/** A sentence for readers: `{{ $value }}` and the like as "…". */
const sentence = (says: string) =>
  LOOKED_UP.reduce((text, [template, shown]) => text.replace(template, () => shown), says).replace(
    /\{\{[^}]*\}\}/g,
    "…",
  );

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
