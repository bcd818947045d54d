/** Who hears of alarms, as Alertmanager reads it, and what the machine gets for that. */
import { parse } from "yaml";
import { fileOf } from "../../support/fixtures";
import { mainBundle } from "../../support/mainFixtures";

const SECRETS = {
  alertsSmtpPassword: "the-alertsSmtpPassword",
  alertsWebhookUrl: "https://the-hook.example",
  alertsHeartbeatUrl: "https://the-heart.example",
};
const bundleOf = (changes: Record<string, unknown>) => mainBundle(changes, SECRETS);
const config = (changes: Record<string, unknown>) =>
  parse(fileOf(bundleOf(changes), "/etc/mastodon-host/alertmanager.yml").content);
const receiver = (changes: Record<string, unknown>, name = "people") =>
  config(changes).receivers.find((one: { name: string }) => one.name === name);
const secretsOf = (changes: Record<string, unknown>) =>
  bundleOf(changes).files.filter(({ path }) => path.startsWith("/etc/mastodon-host/secrets/alerts-"));
const dropIn = (changes: Record<string, unknown>) =>
  fileOf(bundleOf(changes), "/etc/systemd/system/prometheus-alertmanager.service.d/mastodon-host.conf")
    .content;

const email = ["you@example.org", "she@example.org"];

test("without receivers alarms are raised and sent to nobody", () => {
  expect(config({}).receivers).toEqual([
    { name: "people", email_configs: [], webhook_configs: [] },
    { name: "heartbeat", webhook_configs: [] },
  ]);
});

test("mail goes through the instance's relay, if there is no other", () => {
  const [first, second] = receiver({ alerts: { email } }).email_configs;
  expect(first).toMatchObject({
    to: "you@example.org",
    from: "notifications@social.example.org",
    smarthost: "smtp.example.org:2525",
    auth_username: "mastodon",
    auth_password_file: "/run/credentials/prometheus-alertmanager.service/alerts-smtp",
    require_tls: true,
    send_resolved: true,
    html: "",
  });
  expect(second.to).toBe("she@example.org");
  expect(first.text).toContain("docs/alarms/{{ .Labels.alertname }}.md");
  expect(first.headers.Subject).toContain("at social.example.org");
});

test("mail goes through a relay for alarms alone, with its own password and sender", () => {
  const alerts = {
    email,
    smtp: {
      server: "mail.other.example",
      port: 465,
      login: "a",
      from: "Alarms <a@other.example>",
      tls: "implicit",
    },
  };
  const [first] = receiver({ alerts }).email_configs;
  expect(first).toMatchObject({
    from: "Alarms <a@other.example>",
    smarthost: "mail.other.example:465",
    auth_username: "a",
    require_tls: false,
  });
  expect(secretsOf({ alerts })).toEqual([
    {
      path: "/etc/mastodon-host/secrets/alerts-smtp",
      content: "the-alertsSmtpPassword",
      mode: "0600",
      late: true,
    },
  ]);
  // A relay that knows main by its address.
  const open = { alerts: { email, smtp: { server: "mail.other.example" } } };
  expect(receiver(open).email_configs[0].auth_username).toBeUndefined();
});

test("a webhook gets alarms and their end, the heartbeat only the watchdog, every minute", () => {
  const alerts = { webhook: true, heartbeat: true };
  const credentials = "/run/credentials/prometheus-alertmanager.service";
  expect(receiver({ alerts }).webhook_configs).toEqual([
    { url_file: `${credentials}/alerts-webhook`, send_resolved: true },
  ]);
  expect(receiver({ alerts }, "heartbeat").webhook_configs).toEqual([
    { url_file: `${credentials}/alerts-heartbeat`, send_resolved: false },
  ]);
  const { route } = config({ alerts });
  expect(route.receiver).toBe("people");
  expect(route.routes).toEqual([
    {
      matchers: ['alertname="Watchdog"'],
      receiver: "heartbeat",
      group_wait: "0s",
      group_interval: "1m",
      repeat_interval: "50s",
    },
  ]);
});

test("addresses and passwords are in files that only root reads, and systemd hands them to Alertmanager alone", () => {
  const alerts = { email, webhook: true, heartbeat: true };
  expect(secretsOf({ alerts }).map(({ path, mode }) => [path.split("/").at(-1), mode])).toEqual([
    ["alerts-smtp", "0600"],
    ["alerts-webhook", "0600"],
    ["alerts-heartbeat", "0600"],
  ]);
  for (const { path } of secretsOf({ alerts }))
    expect(dropIn({ alerts })).toContain(`LoadCredential=${path.split("/").at(-1)}:${path}\n`);
  const others = bundleOf({ alerts }).files.filter(({ path }) => !path.includes("/secrets/"));
  expect(others.filter(({ content }) => /the-(hook|heart|alerts)/.test(content))).toEqual([]);
});

test("what is not used is not sent to the machine", () => {
  expect(secretsOf({ mail: "none", smtp: {} }).map(({ path }) => path)).toEqual([]);
  expect(secretsOf({}).map(({ path }) => path)).toEqual([]);
});
