/** Alertmanager's configuration: who hears of an alarm, and how. */
import { stringify } from "yaml";
import type { Settings } from "../../settings/schema";
import type { MainSecrets } from "../inputs";
import { WATCHDOG } from "./alarms";

type Alerts = Settings["alerts"];

function passwordOf({ email, smtp }: Alerts, secrets: MainSecrets): string | undefined {
  if (email.length === 0) return undefined;
  if (!smtp.server) return secrets.smtpPassword;
  return smtp.login ? secrets.alertsSmtpPassword : undefined;
}

/** Secrets as Alertmanager reads them: systemd hands each file of the left name to its unit alone. */
export const alertSecrets = (
  { alerts }: Pick<Settings, "alerts">,
  secrets: MainSecrets,
): Record<string, string> =>
  Object.fromEntries(
    Object.entries({
      "alerts-smtp": passwordOf(alerts, secrets),
      "alerts-webhook": alerts.webhook ? secrets.alertsWebhookUrl : undefined,
      "alerts-heartbeat": alerts.heartbeat ? secrets.alertsHeartbeatUrl : undefined,
    }).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );

const credential = (name: string) => `/run/credentials/prometheus-alertmanager.service/${name}`;

/** The relay for alarms: one for them alone, or the instance's. */
export const alertRelay = ({ alerts, smtp }: Pick<Settings, "alerts" | "smtp">): Alerts["smtp"] =>
  alerts.smtp.server ? alerts.smtp : { ...smtp, from: smtp.from };

const TEXT = `{{ range .Alerts }}{{ .Annotations.summary }}
{{ if eq .Status "firing" }}Since {{ .StartsAt.UTC.Format "2006-01-02 15:04" }}{{ else }}Over since {{ .EndsAt.UTC.Format "2006-01-02 15:04" }}{{ end }} UTC. What to do: docs/alarms/{{ .Labels.alertname }}.md

{{ end }}`;

function email(settings: Pick<Settings, "alerts" | "smtp" | "domain">, name: string, withPassword: boolean) {
  const relay = alertRelay(settings);
  return settings.alerts.email.map((to) => ({
    to,
    from: relay.from || `notifications@${settings.domain}`,
    smarthost: `${relay.server}:${relay.port}`,
    ...(relay.login && withPassword
      ? { auth_username: relay.login, auth_password_file: credential("alerts-smtp") }
      : {}),
    require_tls: relay.tls === "starttls",
    send_resolved: true,
    headers: {
      Subject: `{{ if eq .Status "firing" }}{{ .CommonLabels.severity }}{{ else }}over{{ end }}: {{ .CommonLabels.alertname }} at ${name}`,
    },
    html: "",
    text: TEXT,
  }));
}

/**
 * @param name the site's, for subjects
 * @param secrets names of those that are there (alertSecrets)
 */
export function alertmanagerYaml(
  settings: Pick<Settings, "alerts" | "smtp" | "domain" | "mail">,
  name: string,
  secrets: readonly string[],
): string {
  const { webhook, heartbeat } = settings.alerts;
  const hooks = (secret: string, resolved: boolean) => [
    { url_file: credential(secret), send_resolved: resolved },
  ];
  return stringify(
    {
      route: {
        receiver: "people",
        group_by: ["alertname"],
        group_wait: "5s",
        group_interval: "2m",
        repeat_interval: "12h",
        routes: [
          {
            matchers: [`alertname="${WATCHDOG}"`],
            receiver: "heartbeat",
            group_wait: "0s",
            group_interval: "1m",
            repeat_interval: "50s",
          },
        ],
      },
      inhibit_rules: [
        {
          source_matchers: ['alertname="QueueWithoutConsumer"'],
          target_matchers: ['alertname="QueueLate"'],
          equal: ["queue"],
        },
        {
          source_matchers: ['alertname="WebErrors"'],
          target_matchers: ['alertname="WebErrorsSlow"'],
        },
      ],
      receivers: [
        {
          name: "people",
          email_configs: email(settings, name, secrets.includes("alerts-smtp")),
          webhook_configs: webhook ? hooks("alerts-webhook", true) : [],
        },
        { name: "heartbeat", webhook_configs: heartbeat ? hooks("alerts-heartbeat", false) : [] },
      ],
    },
    { lineWidth: 0 },
  );
}
