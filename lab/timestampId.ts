/** How Mastodon makes the ids of accounts and posts (mastodon/mastodon:lib/mastodon/snowflake.rb). */
export const TIMESTAMP_ID = `
CREATE FUNCTION timestamp_id(table_name text) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
  time_part bigint := (date_part('epoch', now()) * 1000)::bigint << 16;
  sequence_base bigint := ('x' || substr(md5(table_name || 'salt' || time_part::text), 1, 4))::bit(16)::bigint;
BEGIN
  RETURN time_part | ((sequence_base + nextval(table_name || '_id_seq')) & 65535);
END
$$;
`;
