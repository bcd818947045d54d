/** What the new stack's own file says, as far as moving in depends on it. */
import { join } from "node:path";
import { namesOf } from "../../settings/names";
import { type Settings, settingsSchema } from "../../settings/schema";
import { headOf } from "../../settings/schema/paths";
import { notesOf } from "../../settings/stackFile/notes";
import { partOf } from "../../settings/stackFile/partOf";
import { readStackConfig } from "../../settings/stackFile/stackFile";
import { checkStackName } from "../../settings/stackFile/stackNames";

export const ROOT = join(__dirname, "../..");

const { shape } = settingsSchema;
const SHAPE = {
  domain: shape.domain,
  webDomain: shape.webDomain,
  mediaDomain: shape.mediaDomain,
  mastodonVersion: shape.mastodonVersion,
  main: shape.main,
  workers: shape.workers,
  workload: shape.workload,
  recovery: shape.recovery,
  assumptions: shape.assumptions,
  media: shape.media,
  backups: shape.backups,
  aws: shape.aws,
  extraEnv: shape.extraEnv,
};

export interface NewStack {
  name: string;
  settings: Pick<Settings, keyof typeof SHAPE>;
  web: string;
  mediaHost: string;
  mediaBucket: string;
  /** Secrets that its file has. */
  secrets: readonly string[];
}

/** @throws StackFileError that says what is wrong */
export function readNewStack(stack: string): NewStack {
  checkStackName(ROOT, stack);
  const config = readStackConfig(ROOT, stack);
  const { settings } = partOf(config, SHAPE);
  const complete = settings as NewStack["settings"];
  const names = namesOf(complete, stack);
  return {
    name: stack,
    settings: complete,
    web: names.web,
    mediaHost: names.media,
    mediaBucket: names.mediaBucket,
    secrets: notesOf(config).encrypted.map(headOf),
  };
}
