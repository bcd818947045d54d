/** One Mastodon instance: settings → verdict → providers → components → outputs. */
import "./tools/compileCache";
import "./tools/cheapStacks";
import * as pulumi from "@pulumi/pulumi";
import { type Checked, readConfiguration } from "./checks/configuration";
import { Account } from "./components/account";
import { BackupBucket } from "./components/backupBucket";
import { DestroyGuard } from "./components/destroyGuard";
import { InstanceSecrets } from "./components/instanceSecrets";
import { MainDroplet } from "./components/mainDroplet";
import { MediaBucket } from "./components/mediaBucket";
import { stackOutputs } from "./components/outputs";
import { OutsideWatch } from "./components/outsideWatch";
import { priorMachines } from "./components/priorMachines";
import { makeProviders } from "./components/providers";
import { allowPublicMedia } from "./components/publicMedia";
import { Tailnet } from "./components/tailnet";
import { WorkerPool } from "./components/workerPool";
import { namesOf } from "./settings/names";
import { exampleValues } from "./settings/warnings";

/** @param already the result, if a plan has already checked the configuration */
export = async (already?: Checked) => {
  const configuration = await readConfiguration(already); // refuses here, before the first resource, or not at all
  const { settings, assessment } = configuration;
  const stack = pulumi.getStack();
  const names = namesOf(settings, stack);
  const { protect } = settings;

  for (const warning of [...configuration.warnings, ...assessment.warnings]) pulumi.log.warn(warning);
  if (configuration.upgrade.length > 0) pulumi.log.info(configuration.upgrade.join("\n"));
  const examples = exampleValues(settings).map(({ key }) => key);
  if (examples.length > 0)
    pulumi.log.warn(`Still the examples' values: ${examples.join(", ")}. Write your own.`);

  const on = makeProviders(configuration);
  // Not before the configuration, which reads the stack's reference to itself: after a refresh, only that makes the engine write the state.
  // And not behind what is registered, where the answer would wait.
  const reading = priorMachines();
  await allowPublicMedia(on.aws, configuration);
  const secrets = new InstanceSecrets(
    "secrets",
    { given: configuration.secret, protect },
    { providers: [on.random, on.tls] },
  );
  const deployKey = secrets.deployKey.publicOpenSsh;
  const tailnet = new Tailnet(
    "tailnet",
    { ...settings.tailnet, tags: names.tags, switches: settings },
    { providers: [on.tailscale] },
  );
  const media = new MediaBucket(
    "media",
    {
      ...settings.media,
      bucketName: names.mediaBucket,
      webName: names.web,
      findOrphans: settings.upkeep.housekeeping.orphans !== "never",
      protect,
    },
    { providers: [on.aws] },
  );
  const backups = new BackupBucket(
    "backups",
    { ...settings.backups, bucketName: names.backupBucket, protect },
    { providers: [on.aws] },
  );

  const account = new Account(
    "account",
    { stack, prefix: names.prefix, deployKey },
    { providers: [on.main] },
  );
  const workerAccount =
    on.workers === on.main
      ? account
      : new Account(
          "worker-account",
          { stack, prefix: names.prefix, deployKey },
          { providers: [on.workers] },
        );

  const shared = { stack, settings, names, secrets, media, tailnet, prior: await reading };
  const main = new MainDroplet(
    "main",
    { ...shared, sizing: assessment.main, prediction: assessment.prediction, account, backups },
    { providers: [on.main, on.tailscale, on.tls, on.command] },
  );
  const pools = assessment.pools.map(
    ({ pool, sizing }) =>
      new WorkerPool(
        `workers-${pool.name}`,
        { ...shared, pool, sizing, account: workerAccount, after: main },
        { providers: [on.workers, on.tailscale, on.tls, on.command] },
      ),
  );
  const outside = settings.alerts.uptimeCheck
    ? [
        new OutsideWatch(
          "outside",
          { web: names.web, emails: settings.alerts.email },
          { providers: [on.main] },
        ),
      ]
    : [];
  new DestroyGuard(
    "guard",
    { protect, of: [secrets, tailnet, media, backups, account, workerAccount, main, ...pools, ...outside] },
    { providers: [on.random] },
  );

  const { recorded, firstRun } = configuration;
  return stackOutputs({ ...shared, assessment, recorded, firstRun, backups, main, pools });
};
