import * as aws from "@pulumi/aws/provider";
import * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";
import * as tls from "@pulumi/tls";
import { BackupBucket } from "../../components/backupBucket";
import { mainSecrets, mastodonSecrets } from "../../components/hostSecrets";
import { InstanceSecrets } from "../../components/instanceSecrets";
import { MediaBucket } from "../../components/mediaBucket";
import { generatedSecrets } from "../support/expected";
import { isSecret, runAlone } from "../support/stacks";

async function hostSecrets() {
  let outputs: { main: pulumi.Output<unknown>; shared: pulumi.Output<unknown> } | undefined;
  await runAlone(() => {
    const on = [
      new aws.Provider("aws", { region: "us-east-1" }),
      new random.Provider("random"),
      new tls.Provider("tls"),
    ];
    const instance = new InstanceSecrets(
      "secrets",
      {
        given: (name) => (name === "smtpPassword" ? pulumi.secret("relay-password-dddd") : undefined),
        protect: true,
      },
      { providers: on },
    );
    const media = new MediaBucket(
      "media",
      {
        bucketName: "media",
        webName: "shop.example",
        keepOldVersionsDays: 30,
        findOrphans: false,
        protect: true,
      },
      { providers: on },
    );
    const backups = new BackupBucket(
      "backups",
      { bucketName: "backups", keepDays: 30, protect: true },
      { providers: on },
    );
    outputs = { main: mainSecrets(instance, media, backups), shared: mastodonSecrets(instance, media) };
  });
  return outputs as NonNullable<typeof outputs>;
}

const promised = (output: unknown) => (output as { promise(): Promise<unknown> }).promise();

test("main gets every secret, as one secret", async () => {
  const { main } = await hostSecrets();
  expect(await isSecret(main)).toBe(true);
  expect(await promised(main)).toEqual(generatedSecrets());
});

test("workers get what Mastodon's processes need, and neither the backups' passphrases nor their key", async () => {
  const { shared } = await hostSecrets();
  const { consolePassword, backupKey, repositoryKey, backupAccessKeyId, backupSecretAccessKey, ...mastodon } =
    generatedSecrets();
  expect(await isSecret(shared)).toBe(true);
  expect(await promised(shared)).toEqual(mastodon);
});
