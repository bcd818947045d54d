/**
 * The old instance's secrets, from its .env.production into the new stack's encrypted configuration. They go through this process' memory and
 * the standard input of the Pulumi CLI, and are on no command line, in no output and in no file.
 */
import { fixedSecretProblems, type SecretMarks, secretMarks } from "../../checks/fixedSecrets";
import { secretProblems } from "../../checks/secrets";
import { UsageError } from "../../tools/commandLine";
import { readStackState, setSecret } from "../stackState";
import { factLines } from "./factLines";
import { MOVED_SECRET_NAMES, MOVED_SECRETS, type MovedSecret } from "./secretNames";
import { there, type Where } from "./there";

export type Secrets = Partial<Record<MovedSecret, string>>;

/** @throws UsageError without a value in it */
export async function readSecrets(where: Where): Promise<Secrets> {
  const { stdout } = await there("secrets.sh", where, 120, {
    WANTED: Object.values(MOVED_SECRETS).join(" "),
  });
  const facts = factLines(stdout);
  if (facts.get("runs")?.[0] === "unknown")
    throw new UsageError(
      `No Mastodon was found on ${where.host}. See: npm run adopt -- look --from ${where.host}`,
    );
  return Object.fromEntries(
    MOVED_SECRET_NAMES.flatMap((name) => {
      const value = facts.get(`secret.${MOVED_SECRETS[name]}`)?.[0];
      return value ? [[name, value]] : [];
    }),
  );
}

/** What the program itself would refuse later; no message has a value in it. */
export function wrongSecrets(secrets: Secrets): string[] {
  const needed: MovedSecret[] = ["secretKeyBase"];
  return [
    ...needed.filter((name) => !secrets[name]).map((name) => `${MOVED_SECRETS[name]} was not found`),
    ...secretProblems({}, secrets as Record<string, string>, () => true)
      .filter(({ key }) => (MOVED_SECRET_NAMES as string[]).includes(key))
      .map(({ key, message }) => `${MOVED_SECRETS[key as MovedSecret]}: ${message.replace(/; run: .*/, "")}`),
  ];
}

/**
 * Why a stack cannot take them: it has been up with others, with which its database was written.
 *
 * @param before what its last run recorded; undefined if it has never been up
 */
export function takenAlready(before: SecretMarks | undefined, secrets: Secrets): string[] {
  const marks = secretMarks(secrets as Record<string, string>);
  return fixedSecretProblems(before, { ...before, ...marks })
    .filter(({ key }) => secrets[key as MovedSecret] !== undefined)
    .map(({ key }) => key);
}

/** @returns the names of the secrets that were set */
export async function takeSecrets(where: Where, stackName: string): Promise<MovedSecret[]> {
  const stack = await readStackState(stackName);
  const { identity } = await stack.outputs();
  const secrets = await readSecrets(where);
  const wrong = wrongSecrets(secrets);
  if (wrong.length > 0)
    throw new UsageError(
      `The secrets of ${where.host} cannot be taken, and none was set:\n${wrong.map((one) => `- ${one}`).join("\n")}`,
    );
  const taken = takenAlready((identity?.value as { secrets?: SecretMarks } | undefined)?.secrets, secrets);
  if (taken.length > 0)
    throw new UsageError(
      `The stack ${stackName} has been up with other values of ${taken.join(", ")}, and its database and machines use those. None was set. Destroy it and make a new stack, or move into one that has never been up.`,
    );
  const names = MOVED_SECRET_NAMES.filter((name) => secrets[name] !== undefined);
  for (const name of names) await setSecret(stackName, name, secrets[name] ?? "");
  return names;
}
