/** What a stack's settings say, read independently of the program. */

import { priceOf } from "../fleet/assess";
import { type Settings, settingsSchema } from "../settings/schema";
import { parseValues } from "../settings/schema/values";
import { SECRET_NAMES, SECRETS } from "../settings/secrets";
import type { Expected } from "./rules";

/**
 * @param config full key → value, as the engine has it
 * @throws Error if the settings are wrong; the program refuses them too, and lists all problems
 */
export function expectedOf(
  config: Readonly<Record<string, string>>,
  { project, stack }: { project: string; stack: string },
): Expected {
  const raw = Object.fromEntries(
    Object.entries(config)
      .filter(([key]) => key.startsWith(`${project}:`))
      .map(([key, value]) => [key.slice(project.length + 1), value])
      .filter(([name]) => !Object.hasOwn(SECRETS, name ?? "")),
  );
  const { settings, problems } = parseValues(raw, settingsSchema.shape, SECRET_NAMES);
  if (problems.length > 0)
    throw new Error(
      `The settings of stack ${stack} are wrong (${problems.map(({ key }) => key).join(", ")}); the program says how.`,
    );
  const checked = settings as Settings;
  const { region, aws, protect, pricing } = checked;
  return {
    stack,
    region,
    awsRegion: aws.region,
    protect,
    limitUsd: pricing.limitUsd,
    s3Usd: priceOf(checked).s3Usd,
  };
}
