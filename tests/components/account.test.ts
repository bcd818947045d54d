import * as digitalocean from "@pulumi/digitalocean";
import { Account } from "../../components/account";
import { byName, custom, prod, runAlone } from "../support/stacks";

const DEPLOY_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIDeployDeployDeployDeployDeployDeployDeploy0";

const alone = () =>
  runAlone(() => {
    const provider = new digitalocean.Provider("digitalocean-main", { token: "token" });
    const account = new Account(
      "account",
      { stack: "prod", prefix: "mastodon-prod", deployKey: DEPLOY_KEY },
      { providers: [provider] },
    );
    account.show("thing", "do:droplet:1", account);
  });

test("an account holds the stack's tag, its ssh key and a project that takes what it is shown and gives nothing back", async () => {
  const { "digitalocean-main": _, ...made } = byName(custom(await alone()));
  const shared = { parent: "Account account", provider: "digitalocean-main", dependsOn: [] };
  expect(made).toEqual({
    "account-tag": { ...shared, type: "Tag", inputs: { name: "mastodon:prod" } },
    "account-ssh-key": {
      ...shared,
      type: "SshKey",
      inputs: { name: "mastodon-prod", publicKey: DEPLOY_KEY },
    },
    "account-project": {
      ...shared,
      type: "Project",
      inputs: {
        name: "mastodon-prod",
        purpose: "Service or API",
        description: "One Mastodon instance",
      },
    },
    "thing-in-project": {
      ...shared,
      type: "ProjectResources",
      dependsOn: ["account-project"],
      inputs: { project: "account-project-id", resources: ["do:droplet:1"] },
      retainOnDelete: true,
    },
  });
});

test("each account's project shows the droplets and the volume of that account", async () => {
  const shows = (run: Awaited<ReturnType<typeof prod>>) =>
    custom(run)
      .filter(({ type }) => type.endsWith(":ProjectResources"))
      .map(({ name, provider }) => `${provider}: ${name}`)
      .sort();
  expect(shows(await prod())).toEqual([
    "digitalocean-main: main-data-in-project",
    "digitalocean-main: main-droplet-in-project",
    "digitalocean-workers: workers-general-1-droplet-in-project",
    "digitalocean-workers: workers-general-2-droplet-in-project",
  ]);
});
