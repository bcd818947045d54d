/** What main removes at night: files of other servers that Mastodon fetches again when somebody looks. */
import { z } from "zod";

/** Mastodon fetches a link's card again only two weeks after the last time (mastodon/mastodon:lib/mastodon/cli/preview_cards.rb). */
const CARD_DAYS = 14;

/** 0 leaves it alone. */
const days = () => z.int().min(0).max(3_650);

export const housekeeping = z
  .strictObject({
    mediaDays: days()
      .default(14)
      .meta({
        description:
          "Media of other servers' posts are removed after so many days, and fetched again when somebody looks. 0: only as Mastodon's own administration says (Content retention)",
        examples: [14],
      }),
    keepInteracted: z.boolean().default(false).meta({
      description:
        "Whether media stay whose post somebody here has favorited, bookmarked, boosted, quoted or answered",
    }),
    previewCardDays: days()
      .refine((value) => value === 0 || value >= CARD_DAYS, {
        error: `is less than ${CARD_DAYS}, and Mastodon does not fetch a card again before that; write 0 or at least ${CARD_DAYS}`,
      })
      .default(60)
      .meta({
        description:
          "Pictures of link previews are removed so many days after they were last fetched. 0: only as Mastodon's own administration says",
        examples: [60],
      }),
    profileDays: days()
      .default(0)
      .meta({
        description:
          "Avatars and headers of accounts that nobody here follows, and that follow nobody here, are removed after so many days without news of the account. They are missing until it is heard of again, so 0, never, is the default",
        examples: [90],
      }),
    orphans: z.enum(["never", "monthly"]).default("never").meta({
      description:
        "Whether files without a row in the database are looked for. Main's key may then list the whole bucket, and Mastodon's command has deleted files that were in use: docs/operations.md, “Remove orphaned media”",
    }),
  })
  .prefault({})
  .meta({ description: "Copies of other servers' files that are removed every night" });
