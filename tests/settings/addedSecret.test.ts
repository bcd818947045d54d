/** What follows where a secret is added: nothing but the table knows of it. */
import type * as pulumi from "@pulumi/pulumi";
import { secretProblems } from "../../checks/secrets";
import { mainSecrets, mastodonSecrets } from "../../components/hostSecrets";
import { InstanceSecrets } from "../../components/instanceSecrets";
import { pulumiYaml, secretsTable, stackFileSchema } from "../../generate/settingsPages";
import { password } from "../support/cloud";
import { byName, custom, runAlone } from "../support/stacks";

/** The one edit. */
jest.mock("../../settings/secretTable", () => {
  const { table } = jest.requireActual("../../settings/secretTable");
  return {
    table: {
      ...table,
      pretendKey: {
        description: "Key of a pretend service",
        format: { pattern: /^[a-z]{8}$/, words: "eight letters" },
        on: "main",
        made: { resource: "pretend", letters: 40 },
      },
    },
  };
});

test("it is declared, documented and checked", () => {
  expect(pulumiYaml()).toContain("pretendKey:");
  expect(secretsTable()).toContain("| `pretendKey` |");
  expect(JSON.stringify(stackFileSchema())).toContain("mastodon-hosting:pretendKey");
  expect(secretProblems({}, { pretendKey: "12345678" }, () => true)).toContainEqual({
    key: "pretendKey",
    message: "must be eight letters; run: pulumi config set --secret pretendKey",
  });
});

test("it is made once, kept, and handed to main and nobody else", async () => {
  let held: pulumi.Output<object> | undefined;
  let everywhere: pulumi.Output<object> | undefined;
  const run = await runAlone(() => {
    const instance = new InstanceSecrets("secrets", { given: () => undefined, protect: true });
    const bucket = { accessKeyId: "id", secretAccessKey: "key" } as never;
    held = mainSecrets(instance, bucket, bucket);
    everywhere = mastodonSecrets(instance, bucket);
  });
  expect(byName(custom(run))["secrets-pretend"]).toMatchObject({
    type: "RandomPassword",
    inputs: { length: 40, special: false },
    protect: true,
  });
  const valuesOf = (output: unknown) => (output as { promise(): Promise<object> }).promise();
  expect(await valuesOf(held)).toHaveProperty("pretendKey", password("secrets-pretend", 40));
  expect(await valuesOf(everywhere)).not.toHaveProperty("pretendKey");
});
