/**
 * The one list of settings; settings/plain.ts reads them. `npm run settings` generates Pulumi.yaml's config block, docs/settings.md and the
 * editors' JSON schema from it. Everything that decides how many resources there are is a plain value from here.
 */
import { z } from "zod";
import { access } from "./access";
import { alerts } from "./alerts";
import { environment } from "./environment";
import { escrow } from "./escrow";
import { instance } from "./instance";
import { load } from "./load";
import { machines } from "./machines";
import { mail } from "./mail";
import { pricing } from "./pricing";
import { remoteWrite } from "./remoteWrite";
import { storage } from "./storage";
import { upkeep } from "./upkeep";

/**
 * Every plain setting: type, default and description. Secrets are separate flat keys (settings/secretTable.ts). Editors offer the values of
 * `.meta({ examples })`, and error messages tell the reader to write one.
 */
export const settingsSchema = z.strictObject({
  ...instance,
  ...machines,
  ...load,
  ...mail,
  ...alerts,
  ...remoteWrite,
  ...storage,
  ...access,
  ...upkeep,
  ...escrow,
  ...pricing,
  ...environment,
});

/** All plain settings, defaults filled in. */
export type Settings = z.infer<typeof settingsSchema>;
export type WorkerPoolSettings = Settings["workers"][number];
