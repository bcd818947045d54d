import * as digitalocean from "@pulumi/digitalocean";
import { Account } from "../../components/account";
import { byName, custom, prod, runAlone, staging } from "./stacks";

const DEPLOY_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIDeployDeployDeployDeployDeployDeployDeploy0";

const alone = (droplets: number, dropletLimit: number) =>
  runAlone(
    () => {
      const provider = new digitalocean.Provider("digitalocean-main", { token: "token" });
      const account = new Account(
        "account",
        { stack: "prod", prefix: "mastodon-prod", deployKey: DEPLOY_KEY, droplets },
        { providers: [provider] },
      );
      account.show("thing", "do:droplet:1", account);
    },
    { dropletLimit },
  );

test("an account holds the stack's tag, its ssh key and a project that takes what it is shown and gives nothing back", async () => {
  const { "digitalocean-main": _, ...made } = byName(custom(await alone(1, 25)));
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

test("the account is asked for its droplet limit with its own provider", async () => {
  const { cloud } = await alone(1, 25);
  expect(cloud.calls).toEqual([
    {
      token: "digitalocean:index/getAccount:getAccount",
      provider:
        "urn:pulumi:prod::mastodon-hosting::pulumi:pulumi:Stack$pulumi:providers:digitalocean::digitalocean-main::digitalocean-main-id",
    },
  ]);
});

test.each([
  [2, 2, []],
  [
    3,
    2,
    [
      'The DigitalOcean account "account" may hold 2 droplets, and replacing workers new-first takes up to 3. Ask DigitalOcean for a higher limit.',
    ],
  ],
])("a fleet of up to %i droplets in an account of %i: %j", async (droplets, limit, warnings) => {
  expect((await alone(droplets, limit)).warnings).toEqual(warnings);
});

const limits = (warnings: string[]) => warnings.filter((warning) => warning.includes("may hold"));

test("new-first replacement of two workers needs four droplets in the worker account, main's needs one", async () => {
  expect(limits((await prod({}, { dropletLimit: 2 })).warnings)).toEqual([
    'The DigitalOcean account "worker-account" may hold 2 droplets, and replacing workers new-first takes up to 4. Ask DigitalOcean for a higher limit.',
  ]);
  expect(limits((await prod({}, { dropletLimit: 4 })).warnings)).toEqual([]);
});

test("one account for everything needs room for main and twice the workers", async () => {
  expect(limits((await staging({}, { dropletLimit: 2 })).warnings)).toEqual([
    'The DigitalOcean account "account" may hold 2 droplets, and replacing workers new-first takes up to 3. Ask DigitalOcean for a higher limit.',
  ]);
  expect(limits((await staging({}, { dropletLimit: 3 })).warnings)).toEqual([]);
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
