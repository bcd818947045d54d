/** Remote write: a copy of all measurements for a Prometheus elsewhere, if the settings name one. docs/watching.md. */
import { hostOf, staysInTailnet } from "../../settings/schema/remoteWrite";
import { file, type HostFile, secretFile } from "../hostFile";
import type { MainInputs } from "../inputs";

type Inputs = Pick<MainInputs, "settings" | "names" | "secrets">;

const SECRET = "remote-write";
const CREDENTIAL = `/run/credentials/prometheus.service/${SECRET}`;

/**
 * One sender with a few thousand samples, where Prometheus would start up to 50: main measures some 40 samples a second, and one sender
 * works off two hours of them within a minute. What waits longer is on disk, in the WAL that Prometheus has anyway; what is older than two
 * hours is dropped, because the WAL does not keep it (prometheus.io/docs/practices/remote_write).
 */
const QUEUE = {
  min_shards: 1,
  max_shards: 1,
  capacity: 5000,
  max_samples_per_send: 1000,
  max_backoff: "30s",
  retry_on_http_429: true,
  sample_age_limit: "2h",
};

/** Without a secret there is nothing to log in with: a Prometheus in the tailnet often has no password. */
function credentials({ settings: { remoteWrite }, secrets }: Inputs) {
  if (!secrets.remoteWritePassword) return {};
  return remoteWrite.username
    ? { basic_auth: { username: remoteWrite.username, password_file: CREDENTIAL } }
    : { authorization: { type: "Bearer", credentials_file: CREDENTIAL } };
}

/** What prometheus.yml has for it: the label that tells instances apart, and where to. */
export function remoteWriteConfig(inputs: Inputs): { labels?: object; rest?: object } {
  const { url } = inputs.settings.remoteWrite;
  if (!url) return {};
  return {
    labels: { external_labels: { site: inputs.names.web } },
    rest: {
      remote_write: [
        {
          name: "elsewhere",
          url,
          ...credentials(inputs),
          // A redirect would take the measurements to an address that nobody wrote.
          follow_redirects: false,
          metadata_config: { send: false },
          queue_config: QUEUE,
        },
      ],
    },
  };
}

/** Prometheus is otherwise shut in on loopback. */
export function remoteWriteFiles({ settings, secrets }: Inputs): HostFile[] {
  const { url } = settings.remoteWrite;
  if (!url) return [];
  const { remoteWritePassword: password } = secrets;
  const path = "/etc/systemd/system/prometheus.service.d/remote-write.conf";
  const conf = file(path, "watch/remote-write.conf", { ALLOW: staysInTailnet(url) ? hostOf(url) : "any" });
  if (!password) return [conf];
  const secret = secretFile(SECRET, password);
  return [{ ...conf, content: `${conf.content}LoadCredential=${SECRET}:${secret.path}\n` }, secret];
}
