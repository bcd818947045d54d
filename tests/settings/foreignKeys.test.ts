/** Keys of providers and of other projects in a stack file. */

import { parseConfiguration } from "../../checks/configuration";
import { notesOf } from "../../settings/stackFile/notes";
import { readStackConfig, unqualified } from "../../settings/stackFile/stackFile";
import { engineSays, inProject, planSays, stackText } from "../support/inProject";

const NOT_READ = (key: string) => `${key} is not read; remove it (pulumi config rm ${key}), and`;
const CREDENTIAL = (key: string) =>
  `${key} is a credential in plain text, and nothing reads it; revoke it, remove it (pulumi config rm ${key}), and`;
const TAILSCALE = "run: pulumi config set --secret tailscaleOauthClientSecret";

test.each([
  ["aws:region: eu-central-1", `${NOT_READ("aws:region")} run: pulumi config set --path aws.region REGION`],
  [
    "aws:profile: work",
    `${NOT_READ("aws:profile")} note that AWS credentials come from the environment (AWS_PROFILE, or OIDC in CI)`,
  ],
  [
    "aws:secretKey: canary",
    `${CREDENTIAL("aws:secretKey")} note that AWS credentials come from the environment (AWS_PROFILE, or OIDC in CI)`,
  ],
  [
    "digitalocean:token: dop_v1_canary",
    `${CREDENTIAL("digitalocean:token")} run: pulumi config set --secret digitaloceanToken`,
  ],
  [
    "digitalocean:token: { secure: canary }",
    `${NOT_READ("digitalocean:token")} run: pulumi config set --secret digitaloceanToken`,
  ],
  [
    "tailscale:oauthClientId: kAbC",
    `${NOT_READ("tailscale:oauthClientId")} run: pulumi config set --path tailnet.oauthClientId ID`,
  ],
  ["tailscale:oauthClientSecret: canary", `${CREDENTIAL("tailscale:oauthClientSecret")} ${TAILSCALE}`],
  [
    "tailscale:apiKey: canary",
    `${CREDENTIAL("tailscale:apiKey")} note that this program logs in with an OAuth client; write tailnet.oauthClientId, and ${TAILSCALE}`,
  ],
  [
    "cloudflare:apiToken: canary",
    'cloudflare:apiToken is a key of "cloudflare", and this project is mastodon-hosting; write mastodon-hosting:apiToken if it is meant for this stack, or remove it',
  ],
  [
    "pulumi:disable-default-providers: []",
    "pulumi:disable-default-providers is set by Pulumi.yaml and keeps resources out of the wrong accounts; remove it",
  ],
])("%s is refused, with the setting to write", (yaml, line) => {
  const text = stackText(`  ${yaml}`);
  expect(planSays(text)).toEqual([line]);
  expect(engineSays(text)).toEqual([line]);
  expect(line).not.toContain("canary");
});

test("the engine's own keys are taken", () => {
  expect(planSays(stackText("  pulumi:tags: { team: social }"))).toEqual([]);
});

/** The lines with which the whole configuration is refused. */
const refusalOf = (text: string) =>
  inProject(text, (folder) => {
    const stackConfig = readStackConfig(folder, "live");
    const raw = unqualified(stackConfig.config, "mastodon-hosting");
    try {
      parseConfiguration(raw, "live", { isEncrypted: () => true, notes: notesOf(stackConfig) });
      return [];
    } catch (error) {
      return (error as Error).message.split("\n");
    }
  });

test("a file of another project says whose keys they are, and not six times that something is missing", () => {
  expect(
    refusalOf(
      "config:\n  my-app:domain: a.example\n  my-app:region: nyc3\n  my-app:password: { secure: canary }\n",
    ),
  ).toEqual([
    "The configuration of stack live has 1 problem. Nothing was changed.",
    '  - my-app:* are 3 keys of "my-app", and this project is mastodon-hosting; write mastodon-hosting:domain if it is meant for this stack, or remove them',
  ]);
});

test("a key of another project among the own ones is one problem among the others", () => {
  const lines = refusalOf(`${stackText("  my-app:region: nyc3")}  mastodon-hosting:colour: red\n`);
  expect(lines.filter((line) => line.includes("my-app"))).toHaveLength(1);
  expect(lines.join("\n")).toContain("colour is not a setting");
});
