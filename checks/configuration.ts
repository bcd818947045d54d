/** The one place that reads and checks a stack's configuration. */

import { join } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { type Assessment, assess } from "../fleet/assess";
import { workerDroplets } from "../settings/fleet";
import { plainSettings } from "../settings/plain";
import { type Settings, settingsSchema } from "../settings/schema";
import { SECRETS, type SecretName } from "../settings/secrets";
import { foreignProblems, isOtherProject } from "../settings/stackFile/foreignKeys";
import { type Notes, runningNotes } from "../settings/stackFile/notes";
import { accountProblems, openedAccounts, tokenOf } from "./accounts";
import { fixedSecretProblems, secretMarks } from "./fixedSecrets";
import { identityOf, type Recorded, recordedIdentity } from "./identity";
import { postgresSteps } from "./postgres";
import { refuse } from "./refuse";
import { missingImages } from "./registry";
import { settingProblems, userDataProblems } from "./rules";
import { secretProblems } from "./secrets";
import { sshAgentProblems } from "./sshAgent";
import { surroundings } from "./surroundings";
import { upgradeSteps } from "./upgrade";

/** Correct settings, and what follows from them. */
export interface Checked {
  settings: Settings;
  /** Sizes, price and verdict: computed once, here. */
  assessment: Assessment;
}

/** What a run of the program gets: the settings, and each secret that was set. */
export interface Configuration extends Checked {
  /** What the stack keeps as its output `identity`; the next run compares its settings with it. */
  recorded: Recorded;
  /** Warnings from the accounts and the registry. */
  warnings: string[];
  /** What this run will do to the releases of Mastodon and Postgres. */
  upgrade: string[];
  /** Whether this is the stack's first run: none has finished before. */
  firstRun: boolean;
  /** A secret that was set, as a secret output; undefined if the program generates it. */
  secret(name: SecretName): pulumi.Output<string> | undefined;
}

/**
 * Parses the stack's raw configuration (setting's name → string as the engine hands it over). Reports all problems at once.
 *
 * @param context.before the identity that the stack's last run recorded; undefined before the first run
 * @param context.isEncrypted whether the stack file holds that secret encrypted
 * @param context.notes what the stack's file says beyond the values
 * @throws pulumi.RunError with one line per problem: the key, what is wrong, what to write
 */
export function parseConfiguration(
  raw: Readonly<Record<string, string>>,
  stack: string,
  {
    before,
    isEncrypted,
    notes,
  }: {
    before?: Partial<Recorded> | undefined;
    isEncrypted: (name: SecretName) => boolean;
    notes?: Notes;
  },
): Checked {
  if (notes && isOtherProject(notes.foreign, raw))
    refuse(
      `The configuration of stack ${stack} has`,
      foreignProblems(notes.foreign, notes.encrypted, notes.project),
    );
  const given = Object.fromEntries(Object.entries(raw).filter(([key]) => Object.hasOwn(SECRETS, key)));
  const { settings, problems } = plainSettings(raw, settingsSchema.shape, notes);
  const together = settingProblems(settings, stack, before);
  refuse(`The configuration of stack ${stack} has`, [
    ...problems,
    // One mistake gets one line.
    ...together.problems.filter(({ key }) => !problems.some((problem) => problem.key === key)),
    ...secretProblems(settings, given, isEncrypted),
    ...fixedSecretProblems(before?.secrets, secretMarks(given)),
  ]);
  const checked = settings as Settings;
  const assessment = assess(checked, together.verdict);
  refuse(
    `The configuration of stack ${stack} has`,
    userDataProblems(checked, stack, assessment, given.extraSecretEnv || undefined),
  );
  return { settings: checked, assessment };
}

/**
 * Reads and checks the configuration of the running stack, and compares it with what its last run recorded.
 *
 * @param already the result, if a plan has already checked the configuration
 */
export async function readConfiguration(already?: Checked): Promise<Configuration> {
  const config = new pulumi.Config();
  const prefix = `${config.name}:`;
  const everything = pulumi.runtime.allConfig();
  const raw = Object.fromEntries(
    Object.entries(everything)
      .filter(([key]) => key.startsWith(prefix))
      .map(([key, value]) => [key.slice(prefix.length), value]),
  );
  // The SDK knows which values were encrypted, but its types leave that out.
  const { isConfigSecret } = pulumi.runtime as unknown as { isConfigSecret(key: string): boolean };
  const stack = pulumi.getStack();
  const before = await recordedIdentity();
  const checked =
    already ??
    parseConfiguration(raw, stack, {
      before,
      isEncrypted: (name) => isConfigSecret(prefix + name),
      notes: runningNotes(join(__dirname, ".."), {
        project: config.name,
        stack,
        config: everything,
        secretKeys: Object.keys(everything).filter(isConfigSecret),
      }),
    });
  const { settings } = checked;
  const opening = openedAccounts(raw);
  const [{ accounts, problems }, ...found] = await Promise.all([
    opening,
    opening.then(({ opened }) => surroundings(settings, stack, opened)),
    // A plan has no tokens, so it asks nobody.
    ...(tokenOf(raw, "main") ? [missingImages(settings.mastodonVersion)] : []),
  ]);
  refuse(`The configuration of stack ${stack} has`, [
    ...problems,
    ...accountProblems(before?.accounts, accounts),
    ...found.flatMap((one) => one.problems),
    // A plan opens no account and runs no commands either.
    ...(settings.readiness === "wait" && Object.keys(accounts).length > 0 ? await sshAgentProblems() : []),
  ]);
  return {
    ...checked,
    warnings: found.flatMap((one) => one.warnings),
    upgrade: [
      ...upgradeSteps({
        before,
        release: settings.mastodonVersion,
        finish: settings.upgrade.finish,
        secondWeb: checked.assessment.main.web.second,
        workers: workerDroplets(settings),
      }),
      ...postgresSteps(before, settings),
    ],
    firstRun: before === undefined,
    recorded: { ...identityOf(settings, stack), secrets: secretMarks(raw), accounts },
    secret: (name) => (raw[name] ? config.requireSecret(name) : undefined),
  };
}
