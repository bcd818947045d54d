/** What main gets for remote write. That a real Prometheus sends: tests/browser/remoteWrite.test.ts. */
import { mainHost } from "../../../machines/hosts";
import { fileOf } from "../../support/fixtures";
import { mainBundle, mainInputs } from "../../support/mainFixtures";

const URL_ELSEWHERE = "https://prometheus.club/api/v1/write";
const URL_TAILNET = "http://100.64.0.7:9090/api/v1/write";
const SECRET = "/etc/mastodon-host/secrets/remote-write";
const UNITS = "/etc/systemd/system/prometheus.service.d";

const bundleOf = (remoteWrite: object, password?: string) =>
  mainBundle({ remoteWrite }, password ? { remoteWritePassword: password } : {});
type Bundle = ReturnType<typeof mainBundle>;
const configOf = (bundle: Bundle) => JSON.parse(fileOf(bundle, "/etc/mastodon-host/prometheus.yml").content);
const [withToken, withUser, inTailnet] = [
  bundleOf({ url: URL_ELSEWHERE }, "the-token"),
  bundleOf({ url: URL_ELSEWHERE, username: "1234" }, "the-password"),
  bundleOf({ url: URL_TAILNET }),
];

test("without an address nothing leaves main: no sender, no label, no way out, no secret", () => {
  const bundle = bundleOf({}, "unused");
  expect(configOf(bundle)).not.toHaveProperty("remote_write");
  expect(configOf(bundle).global).not.toHaveProperty("external_labels");
  expect(bundle.files.filter(({ path }) => path.includes("remote-write"))).toEqual([]);
  expect(bundle.files.filter(({ content }) => content.includes("unused"))).toEqual([]);
  const unit = fileOf(bundle, `${UNITS}/mastodon-host.conf`).content;
  expect(unit.match(/^IPAddress.*$/gm)).toEqual(["IPAddressDeny=any", "IPAddressAllow=localhost"]);
});

test("all measurements go to the address, with the instance's name, and what waits is bounded", () => {
  const { global, remote_write, ...rest } = configOf(withToken);
  expect(remote_write).toEqual([
    {
      name: "elsewhere",
      url: URL_ELSEWHERE,
      authorization: {
        type: "Bearer",
        credentials_file: "/run/credentials/prometheus.service/remote-write",
      },
      follow_redirects: false,
      metadata_config: { send: false },
      queue_config: {
        min_shards: 1,
        max_shards: 1,
        capacity: 5000,
        max_samples_per_send: 1000,
        max_backoff: "30s",
        retry_on_http_429: true,
        sample_age_limit: "2h",
      },
    },
  ]);
  expect(global.external_labels).toEqual({ site: "social.example.org" });
  // Nothing else changes.
  const { global: before, ...others } = configOf(mainBundle());
  expect([{ ...before, external_labels: global.external_labels }, others]).toEqual([global, rest]);
});

test("a user name comes with a password, and a Prometheus in the tailnet may have neither", () => {
  expect(configOf(withUser).remote_write[0]).toMatchObject({
    basic_auth: {
      username: "1234",
      password_file: "/run/credentials/prometheus.service/remote-write",
    },
  });
  expect(configOf(withUser).remote_write[0]).not.toHaveProperty("authorization");
  expect(Object.keys(configOf(inTailnet).remote_write[0])).not.toContain("authorization");
  expect(inTailnet.files.filter(({ path }) => path === SECRET)).toEqual([]);
});

test("the secret is in a file that only root reads, and systemd hands it to Prometheus alone", () => {
  for (const [bundle, secret] of [
    [withToken, "the-token"],
    [withUser, "the-password"],
  ] as const) {
    expect(fileOf(bundle, SECRET)).toMatchObject({ content: secret, mode: "0600" });
    expect(bundle.files.filter(({ content }) => content.includes(secret)).map(({ path }) => path)).toEqual([
      SECRET,
    ]);
    expect(fileOf(bundle, `${UNITS}/remote-write.conf`).content).toContain(
      `LoadCredential=remote-write:${SECRET}\n`,
    );
  }
});

test("Prometheus gets out to anywhere for a name, and to that address alone in the tailnet", () => {
  const allowed = (bundle: Bundle) =>
    fileOf(bundle, `${UNITS}/remote-write.conf`).content.match(/^IPAddressAllow=.*$/gm);
  expect(allowed(withToken)).toEqual(["IPAddressAllow=any"]);
  expect(allowed(inTailnet)).toEqual(["IPAddressAllow=100.64.0.7"]);
  expect(allowed(bundleOf({ url: "http://[fd7a:115c:a1e0::7]:9090/x" }))).toEqual([
    "IPAddressAllow=fd7a:115c:a1e0::7",
  ]);
  expect(fileOf(inTailnet, `${UNITS}/remote-write.conf`).content).not.toContain("LoadCredential");
});

test("the step restarts Prometheus when any of it changes", () => {
  const step = fileOf(withToken, "/usr/local/lib/mastodon-host/steps/82-watch").content;
  const [run = ""] = /^run_unit prometheus\.service (?:.*\\\n)*.*$/m.exec(step) ?? [];
  expect(run).toContain("{mastodon-host,remote-write}.conf");
  expect(run).toContain('"$SECRETS/remote-write"');
});

test("without the watch nothing is sent", () => {
  const inputs = mainInputs(
    { remoteWrite: { url: URL_ELSEWHERE }, main: { watch: false } },
    { remoteWritePassword: "x" },
  );
  const bundle = mainHost({ ...inputs, sizing: { ...inputs.sizing, watch: false } });
  expect(bundle.files.filter(({ path }) => path.includes("remote-write"))).toEqual([]);
});
