/** What main knows of drills: `npm run drill` restores a backup elsewhere, and keeps the result here. */
import { command } from "./hostFile";
import { service } from "./service";

/** A drill runs monthly; a few days more, because GitHub's schedules start late. */
export const DRILL_FRESH_DAYS = 35;

export const drill = service({
  name: "drill",
  late: true,
  files: () => [command("drill/mastodon-drill", { DAYS: DRILL_FRESH_DAYS })],
});
