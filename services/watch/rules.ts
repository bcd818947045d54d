/** The alarms as Prometheus' rules. */
import { stringify } from "yaml";
import { ALARMS, RECORDED, WATCHDOG } from "./alarms";

/** The file that Prometheus reads. */
export function rulesYaml(): string {
  const rules = [
    ...Object.entries(RECORDED).map(([record, expr]) => ({ record, expr })),
    ...ALARMS.map(({ name, severity, expression, for: pending, says }) => ({
      alert: name,
      expr: expression,
      ...(pending ? { for: pending } : {}),
      labels: { severity },
      annotations: { summary: says },
    })),
    { alert: WATCHDOG, expr: "vector(1)" },
  ];
  return stringify({ groups: [{ name: "mastodon", rules }] }, { lineWidth: 0 });
}
