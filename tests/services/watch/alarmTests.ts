/** The cases of every alarm as files of `promtool test rules`. */
import { stringify } from "yaml";
import { ALARMS } from "../../../services/watch/alarms";
import { CASES } from "./alarmCases";

const interval = (minutes: number | undefined) => (minutes ? `${minutes}m` : "15s");

/**
 * One file for each interval, since a file has one.
 *
 * @param rules path of the rules' file, as promtool sees it
 */
export function promtoolTests(rules: string): string[] {
  const all = ALARMS.flatMap((alarm) =>
    (CASES[alarm.name] ?? []).map((one) => ({ ...alarm, ...one, alarm })),
  );
  return [...new Set(all.map(({ every }) => interval(every)))].map((every) =>
    stringify(
      {
        rule_files: [rules],
        evaluation_interval: every,
        tests: all
          .filter((one) => interval(one.every) === every)
          .map(({ alarm, name, severity, series, quiet = [], raised, over, labels, says }) => ({
            name: `${alarm.name}: ${name}`,
            interval: every,
            input_series: Object.entries(series).map(([one, values]) => ({ series: one, values })),
            alert_rule_test: [
              ...[...quiet, ...over].map((minute) => ({ eval_time: `${minute}m`, alertname: alarm.name })),
              ...raised.map((minute) => ({
                eval_time: `${minute}m`,
                alertname: alarm.name,
                exp_alerts: [{ exp_labels: { severity, ...labels }, exp_annotations: { summary: says } }],
              })),
            ],
          })),
      },
      { lineWidth: 0 },
    ),
  );
}
