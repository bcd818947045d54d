/** The look: reads what the old server is like over ssh. Changes nothing there. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { settingsSchema } from "../../settings/schema";
import { UsageError } from "../../tools/commandLine";
import { type Facts, readFacts } from "./facts";
import { findingsOf } from "./findings";
import { planOf } from "./plan";
import { secretForms } from "./secretNames";
import { measureRate, onHost, withVariables } from "./ssh";
import type { NewStack } from "./stack";
import type { Look } from "./text";
import { expectedIndexes } from "./uniqueIndexes";

/** Variables whose values may be printed: no secret, and no address with a password in it. */
const SHOWN = [
  ..."LOCAL_DOMAIN WEB_DOMAIN ALTERNATE_DOMAINS S3_ENABLED S3_BUCKET S3_REGION S3_ENDPOINT S3_HOSTNAME S3_PROTOCOL".split(
    " ",
  ),
  ..."S3_ALIAS_HOST S3_CLOUDFRONT_HOST S3_KEY_PREFIX SWIFT_ENABLED AZURE_ENABLED PAPERCLIP_ROOT_PATH PAPERCLIP_ROOT_URL".split(
    " ",
  ),
  ..."CDN_HOST REDIS_NAMESPACE REDIS_DB REDIS_HOST REDIS_PORT DB_HOST DB_PORT DB_NAME DB_USER ES_ENABLED".split(
    " ",
  ),
  ..."SMTP_SERVER SMTP_PORT SMTP_FROM_ADDRESS SINGLE_USER_MODE LIMITED_FEDERATION_MODE AUTHORIZED_FETCH".split(
    " ",
  ),
];

/** How to find Mastodon on that server. */
export interface Where {
  host: string;
  compose: string;
  env: string;
}

const SCRIPT = readFileSync(join(__dirname, "look.sh"), "utf8");

export const lookScript = ({ compose, env }: Omit<Where, "host">, patience: number) =>
  withVariables(
    {
      COMPOSE: compose,
      ENV_FILE: env,
      PATIENCE: String(patience),
      EXPECTED: expectedIndexes,
      SHOWN: SHOWN.join(" "),
      SECRETS: secretForms,
    },
    SCRIPT,
  );

/** Some 150 unique indexes: most are checked within a moment. */
const QUERIES_THAT_TAKE_LONG = 30;

/** @param patience minutes for one query */
export async function factsOf(where: Where, patience: number): Promise<Facts> {
  const { code, stdout, stderr } = await onHost(
    where.host,
    lookScript(where, patience),
    patience * 60 * QUERIES_THAT_TAKE_LONG,
  );
  try {
    return readFacts(stdout);
  } catch (error) {
    const said = stderr.trim().split("\n").slice(-3).join("\n");
    throw new UsageError(
      `${(error as Error).message} bash on ${where.host} ended with ${code}. ${said}`.trim(),
    );
  }
}

export async function look(where: Where, patience: number, stack: NewStack | undefined): Promise<Look> {
  const facts = await factsOf(where, patience);
  const target = stack?.settings.mastodonVersion ?? settingsSchema.shape.mastodonVersion.parse(undefined);
  const findings = findingsOf(facts, target, stack);
  return {
    host: where.host,
    at: new Date().toISOString(),
    stack: stack?.name,
    facts,
    findings,
    plan: planOf({ facts, findings, target, mbitPerSecond: await measureRate(where.host) }),
  };
}
