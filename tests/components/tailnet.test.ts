import * as pulumi from "@pulumi/pulumi";
import * as tailscale from "@pulumi/tailscale";
import { Tailnet } from "../../components/tailnet";
import { tailnetPolicy } from "../../components/tailnetPolicy";
import { byName, custom, runAlone } from "../support/stacks";

const TAGS = {
  main: "tag:mastodon-prod-main",
  worker: "tag:mastodon-prod-worker",
  deploy: "tag:mastodon-prod-deploy",
};

async function tailnet(managePolicy: boolean, description = "mastodon-prod-main", anew = false) {
  const run = await runAlone(() => {
    const provider = new tailscale.Provider("tailscale", { apiKey: "key" });
    const net = new Tailnet(
      "tailnet",
      { tags: TAGS, admins: ["group:ops"], managePolicy, switches: { main: { watch: true } } },
      { providers: [provider] },
    );
    const machine = new pulumi.ComponentResource(
      "test:index:Machine",
      "machine",
      {},
      { providers: [provider] },
    );
    net.mintKey("main-auth-key", { tag: TAGS.main, description, trigger: "generation 1", anew }, machine);
  });
  const { tailscale: _, ...made } = byName(custom(run));
  return made;
}

const KEY = {
  type: "TailnetKey",
  parent: "Machine machine",
  provider: "tailscale",
  dependsOn: [],
  inputs: {
    reusable: false,
    ephemeral: false,
    preauthorized: true,
    tags: ["tag:mastodon-prod-main"],
    expiry: 604_800,
    recreateIfInvalid: "never",
    description: "mastodon-prod-main",
  },
  additionalSecretOutputs: ["key"],
  replacementTrigger: "generation 1",
  ignoreChanges: [
    "description",
    "ephemeral",
    "expiry",
    "preauthorized",
    "recreateIfInvalid",
    "reusable",
    "tags",
  ],
};

test("a key is for one machine, for a week, and only its trigger replaces it", async () => {
  expect(await tailnet(false)).toEqual({ "main-auth-key": KEY });
});

test("each input of a key is among those whose change is ignored", () => {
  expect(KEY.ignoreChanges).toEqual(Object.keys(KEY.inputs).sort());
});

test("with managePolicy the policy file is there before the tags of the first key", async () => {
  expect(await tailnet(true)).toEqual({
    "tailnet-policy": {
      type: "Acl",
      parent: "Tailnet tailnet",
      provider: "tailscale",
      dependsOn: [],
      inputs: {
        acl: tailnetPolicy(TAGS, ["group:ops"], { main: { watch: true } }),
        overwriteExistingContent: true,
      },
    },
    "main-auth-key": { ...KEY, dependsOn: ["tailnet-policy"] },
  });
});

test("a key that has to be another one is replaced by its description, which is another one each time", async () => {
  const key = (await tailnet(false, "d".repeat(60), true))["main-auth-key"];
  expect(key?.inputs.description).toMatch(/^d{30} \d{4}-\d\d-\d\d-\d\d-\d\d-\d\d$/);
  expect(key?.ignoreChanges).toEqual(KEY.ignoreChanges.filter((input) => input !== "description"));
});

test("a long description is cut at Tailscale's 50 characters", async () => {
  const made = await tailnet(false, "d".repeat(60));
  expect(made["main-auth-key"]?.inputs.description).toBe("d".repeat(50));
});
