/** What main knows of the escrow file (`npm run escrow`): the program compares it with the secrets, and tells main with each `up`. */
import type { MainInputs } from "./inputs";
import { service } from "./service";

/** `off`: no recipients are set. `outdated`: the file has other secrets, or is for other recipients. */
export const ESCROW_STATES = ["off", "missing", "outdated", "current"] as const;
export type EscrowState = (typeof ESCROW_STATES)[number];

export const escrow = service({
  name: "escrow",
  late: true,
  files: ({ escrow }: MainInputs) => [{ path: "/etc/mastodon-host/escrow", content: `${escrow}\n` }],
});
