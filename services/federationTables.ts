/**
 * What the export of accounts has, table by table, and why: enough for an instance without its database to go on as the same one, with the same
 * accounts, keys and followers. Tables and references are those of mastodon/mastodon:db/schema.rb at 0070a2071a1d (version 2025_12_17_091936),
 * and of later models (Keypair, EmailSubscription, CollectionReport).
 */

interface Group {
  why: string;
  tables: readonly string[];
}

/** Those that it has. Of rows that refer to a row that is left out, the reference is empty; if it may not be, the row is left out, too. */
export const EXPORTED: readonly Group[] = [
  { why: "who the accounts are, and the keys that they sign with", tables: ["accounts", "keypairs"] },
  {
    why: "how people sign in: e-mail address, password, second factor, role",
    tables: [
      ...["users", "user_roles", "identities", "webauthn_credentials"],
      ...["invites", "user_invite_requests"],
    ],
  },
  {
    why: "who follows whom, and in which lists",
    tables: [
      ...["follows", "follow_requests", "email_subscriptions", "relays"],
      ...["lists", "list_accounts", "tags", "tag_follows", "featured_tags"],
    ],
  },
  {
    why: "where accounts moved from and to, and which go",
    tables: ["account_aliases", "account_migrations", "account_deletion_requests"],
  },
  {
    why: "whom people keep out, and what they set",
    tables: [
      ...["blocks", "mutes", "account_domain_blocks", "account_notes", "account_pins"],
      ...["custom_filters", "custom_filter_keywords", "notification_policies", "notification_permissions"],
      ...["account_statuses_cleanup_policies", "web_settings"],
    ],
  },
  {
    why: "whom the instance keeps out",
    tables: [
      ...["domain_blocks", "domain_allows", "unavailable_domains", "ip_blocks"],
      ...["email_domain_blocks", "canonical_email_blocks", "username_blocks"],
    ],
  },
  {
    why: "what the instance says of itself",
    tables: [
      ...["settings", "site_uploads", "rules", "rule_translations", "terms_of_services"],
      ...["custom_emojis", "custom_emoji_categories", "account_warning_presets", "webhooks"],
    ],
  },
];

/** Those that it does not have. */
export const LEFT_OUT: readonly Group[] = [
  {
    why: "posts, and what hangs on them",
    tables: [
      ...["statuses", "status_edits", "status_pins", "status_stats", "status_trends", "statuses_tags"],
      ...["scheduled_statuses", "media_attachments", "mentions", "favourites", "bookmarks", "quotes"],
      ...["polls", "poll_votes", "preview_cards", "preview_cards_statuses", "preview_card_providers"],
      ...[
        "preview_card_trends",
        "tag_trends",
        "conversations",
        "conversation_mutes",
        "account_conversations",
      ],
      ...["custom_filter_statuses", "tombstones", "collections", "collection_items"],
    ],
  },
  {
    why: "what was new once",
    tables: [
      ...["notifications", "notification_requests", "markers"],
      ...["announcements", "announcement_mutes", "announcement_reactions"],
    ],
  },
  {
    why: "sessions and apps: people sign in again",
    tables: [
      ...["session_activations", "oauth_applications", "oauth_access_grants", "oauth_access_tokens"],
      ...["web_push_subscriptions", "login_activities"],
    ],
  },
  {
    why: "history of moderation: it is about posts. What it led to is in accounts and blocks",
    tables: [
      ...["reports", "report_notes", "collection_reports", "account_warnings", "appeals"],
      ...["admin_action_logs", "account_moderation_notes", "instance_moderation_notes"],
      ...["relationship_severance_events", "account_relationship_severance_events", "severed_relationships"],
    ],
  },
  {
    why: "what Mastodon computes, or asks for again",
    tables: [
      ...[
        "account_stats",
        "accounts_tags",
        "account_summaries",
        "global_follow_recommendations",
        "instances",
      ],
      ...["annual_report_statuses_per_account_counts", "generated_annual_reports", "software_updates"],
      ...["follow_recommendation_mutes", "follow_recommendation_suppressions", "pghero_space_stats"],
    ],
  },
  { why: "archives and uploads that people made", tables: ["backups", "bulk_imports", "bulk_import_rows"] },
  {
    why: "registrations with discovery providers, which an administrator makes again",
    tables: [
      ...["fasp_providers", "fasp_subscriptions", "fasp_backfill_requests"],
      ...["fasp_debug_callbacks", "fasp_follow_recommendations"],
    ],
  },
  {
    why: "Rails' own: the database that takes the export has them",
    tables: ["schema_migrations", "ar_internal_metadata"],
  },
];

/** Of these tables it has only some rows: a condition on `t`, without quotes. */
export const ROWS: Readonly<Record<string, string>> = {
  // services/federation/federation.sql: this instance's, and of others those that it has to do with.
  accounts: "t.id IN (SELECT id FROM kept)",
  // Copies of other instances' are fetched again.
  custom_emojis: "t.domain IS NULL",
  tags: "t.id IN (SELECT tag_id FROM tag_follows UNION ALL SELECT tag_id FROM featured_tags)",
};

export const tablesOf = (groups: readonly Group[]): string[] => groups.flatMap(({ tables }) => tables);
