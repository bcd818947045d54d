/**
 * The one list of settings. settings/plain.ts reads them.
 *
 * Pulumi.yaml's config block, docs/settings.md and the editors' JSON schema are generated from it by `npm run settings`.
 * Everything that decides how many resources there are is a plain value from here.
 */
import { z } from "zod";
import { access } from "./access";
import { environment } from "./environment";
import { instance } from "./instance";
import { load } from "./load";
import { machines } from "./machines";
import { mail } from "./mail";
import { pricing } from "./pricing";
import { storage } from "./storage";
import { upkeep } from "./upkeep";

/**
 * Every plain setting: type, default and description. Secrets are separate flat keys (settings/secretTable.ts).
 * `.meta({ examples })` is what editors offer and what an error message tells the reader to write.
 */
export const settingsSchema = z.strictObject({
  ...instance,
  ...machines,
  ...load,
  ...mail,
  ...storage,
  ...access,
  ...upkeep,
  ...pricing,
  ...environment,
});

/** All plain settings, defaults filled in. */
export type Settings = z.infer<typeof settingsSchema>;
export type WorkerPoolSettings = Settings["workers"][number];
