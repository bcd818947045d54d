/** Housekeeping on main: copies of other servers' files go at night, through tootctl. Old versions in the bucket go by its lifecycle. */
import type { Settings } from "../settings/schema";
import { command, type HostFile, step, timed } from "./hostFile";
import type { MainInputs } from "./inputs";
import { service } from "./service";
import { later } from "./upkeep";

/** Hours after the backup of the database has begun: it and the updates of packages are over then. */
const AFTER_BACKUP_HOURS = 3;

/** Twice as many as one, and still a small part of what the connections to the database allow. Mastodon's own default is 5. */
const CONCURRENCY = 2;

export const HOUSEKEEPING_PARTS = ["media", "cards", "profiles", "orphans"] as const;
export type HousekeepingPart = (typeof HOUSEKEEPING_PARTS)[number];

interface Part {
  /** What follows `tootctl`. */
  tootctl: string[];
  everyDays: number;
}

/** The parts that the settings ask for, in their order. */
export function housekeepingParts({
  upkeep: { housekeeping },
}: Settings): Partial<Record<HousekeepingPart, Part>> {
  const { mediaDays, keepInteracted, previewCardDays, profileDays, orphans } = housekeeping;
  const nightly = (days: number, ...words: string[]): Part => ({
    tootctl: [...words, "--days", String(days), "--concurrency", String(CONCURRENCY)],
    everyDays: 1,
  });
  const kept = keepInteracted ? ["--keep-interacted"] : [];
  return {
    ...(mediaDays > 0 ? { media: nightly(mediaDays, "media", "remove", ...kept) } : {}),
    ...(previewCardDays > 0 ? { cards: nightly(previewCardDays, "preview_cards", "remove") } : {}),
    ...(profileDays > 0 ? { profiles: nightly(profileDays, "media", "remove", "--prune-profiles") } : {}),
    ...(orphans === "monthly" ? { orphans: { tootctl: ["media", "remove-orphans"], everyDays: 30 } } : {}),
  };
}

const planFile = (settings: Settings): HostFile => ({
  path: "/etc/mastodon-host/housekeeping.json",
  content: `${JSON.stringify(housekeepingParts(settings))}\n`,
});

export const housekeeping = service({
  name: "housekeeping",
  late: true,
  files: ({ settings }: MainInputs) => [
    step("housekeeping/83-housekeeping"),
    command("housekeeping/mastodon-housekeeping"),
    planFile(settings),
    ...timed("housekeeping/mastodon-housekeeping", {
      TIME: later(settings.backups.time, AFTER_BACKUP_HOURS),
    }),
  ],
});
