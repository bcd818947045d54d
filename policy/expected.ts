/** What a stack's files say, read by the reader of `npm run plan`: the engine tells a policy pack no settings. */
import { monthlyPrice } from "../capacity/price";
import { settingsSchema } from "../config";
import { SECRET_NAMES } from "../settings/secrets";
import { readStackConfig } from "../settings/stackFile";
import { parseValues } from "../settings/values";
import type { Expected } from "./rules";

/**
 * @param folder the project's
 * @throws Error where they are wrong; the program refuses the same with all its problems
 */
export function expectedOf(folder: string, stack: string): Expected {
  const { project, config } = readStackConfig(folder, stack);
  const raw = Object.fromEntries(
    Object.entries(config)
      .filter(([key]) => key.startsWith(`${project}:`))
      .map(([key, value]) => [key.slice(project.length + 1), value]),
  );
  const { settings, problems } = parseValues(raw, settingsSchema.shape, SECRET_NAMES);
  const { region, aws, protect, pricing, main, workers } = settings;
  if (problems.length > 0 || !region || !aws || protect === undefined || !pricing || !main || !workers)
    throw new Error(`The settings of stack ${stack} are wrong: npm run plan -- --stack ${stack} says where.`);
  const { s3Usd } = monthlyPrice({ main, pools: workers, s3: pricing });
  return { stack, region, awsRegion: aws.region, protect, limitUsd: pricing.limitUsd, s3Usd };
}
