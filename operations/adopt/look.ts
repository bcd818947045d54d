/** The look: reads what the old server is like over ssh. Changes nothing there. */
import { settingsSchema } from "../../settings/schema";
import { UsageError } from "../../tools/commandLine";
import { type Facts, readFacts } from "./facts";
import { findingsOf } from "./findings";
import { planOf } from "./plan";
import { secretForms } from "./secretNames";
import { measureRate } from "./ssh";
import type { NewStack } from "./stack";
import type { Look } from "./text";
import { fileThere, there, type Where } from "./there";
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

const sql = (name: string, values: Readonly<Record<string, string>> = {}) =>
  fileThere(`${name}.sql`).replace(/@@(\w+)@@/g, (mark, key: string) => values[key] ?? mark);

/** @param patience minutes for one query */
export const lookVariables = (patience: number) => ({
  PATIENCE: String(patience),
  SHOWN: SHOWN.join(" "),
  SECRETS: secretForms,
  SQL_DATABASE: sql("database"),
  SQL_PEOPLE: sql("people"),
  SQL_FILES: sql("files"),
  SQL_UNIQUE: sql("unique", { EXPECTED: expectedIndexes }),
  SQL_DUPLICATES: sql("duplicates", { TIMEOUT: String(patience * 60_000) }),
});

/** Some 150 unique indexes: most are checked within a moment. */
const QUERIES_THAT_TAKE_LONG = 30;

/** @param patience minutes for one query */
export async function factsOf(where: Where, patience: number): Promise<Facts> {
  const { code, stdout, stderr } = await there(
    "look.sh",
    where,
    patience * 60 * QUERIES_THAT_TAKE_LONG,
    lookVariables(patience),
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
    plan: planOf({ facts, target, stack, mbitPerSecond: await measureRate(where.host) }),
  };
}
