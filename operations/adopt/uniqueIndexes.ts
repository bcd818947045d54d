/**
 * Unique indexes that Mastodon relies on, and that may be missing: `fix-duplicates` drops each before it looks for duplicates, and an
 * interrupted run leaves it dropped. mastodon/mastodon:lib/mastodon/cli/maintenance.rb, as from 3.5 on. All others are looked up in the
 * database itself.
 */
interface UniqueIndex {
  table: string;
  index: string;
  /** SQL. */
  keys: readonly string[];
}

export const UNIQUE_INDEXES: readonly UniqueIndex[] = [
  {
    table: "accounts",
    index: "index_accounts_on_username_and_domain_lower",
    keys: ["lower(username)", "COALESCE(lower(domain), '')"],
  },
  { table: "users", index: "index_users_on_confirmation_token", keys: ["confirmation_token"] },
  { table: "users", index: "index_users_on_email", keys: ["email"] },
  { table: "users", index: "index_users_on_reset_password_token", keys: ["reset_password_token"] },
  {
    table: "account_domain_blocks",
    index: "index_account_domain_blocks_on_account_id_and_domain",
    keys: ["account_id", "domain"],
  },
  {
    table: "announcement_reactions",
    index: "index_announcement_reactions_on_account_id_and_announcement_id",
    keys: ["account_id", "announcement_id", "name"],
  },
  { table: "conversations", index: "index_conversations_on_uri", keys: ["uri"] },
  {
    table: "custom_emojis",
    index: "index_custom_emojis_on_shortcode_and_domain",
    keys: ["shortcode", "domain"],
  },
  { table: "custom_emoji_categories", index: "index_custom_emoji_categories_on_name", keys: ["name"] },
  { table: "domain_allows", index: "index_domain_allows_on_domain", keys: ["domain"] },
  { table: "domain_blocks", index: "index_domain_blocks_on_domain", keys: ["domain"] },
  { table: "unavailable_domains", index: "index_unavailable_domains_on_domain", keys: ["domain"] },
  { table: "email_domain_blocks", index: "index_email_domain_blocks_on_domain", keys: ["domain"] },
  { table: "media_attachments", index: "index_media_attachments_on_shortcode", keys: ["shortcode"] },
  { table: "preview_cards", index: "index_preview_cards_on_url", keys: ["url"] },
  { table: "statuses", index: "index_statuses_on_uri", keys: ["uri"] },
  { table: "tags", index: "index_tags_on_name_lower_btree", keys: ["lower(name)"] },
  {
    table: "webauthn_credentials",
    index: "index_webauthn_credentials_on_external_id",
    keys: ["external_id"],
  },
  { table: "webhooks", index: "index_webhooks_on_url", keys: ["url"] },
];

const text = (value: string) => `'${value.replaceAll("'", "''")}'`;

/** As VALUES of SQL: the table, the index, its keys between semicolons. */
export const expectedIndexes = UNIQUE_INDEXES.map(
  ({ table, index, keys }) => `(${[table, index, keys.join("; ")].map(text).join(", ")})`,
).join(", ");
