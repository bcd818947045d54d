/** An API token of a person's application, for the API and for streaming. */
import { randomBytes } from "node:crypto";
import { sql } from "./databases";
import type { Machine } from "./machine";

/**
 * Created by one row: Mastodon's own tables and those of its stand-in have these columns, and Mastodon's console takes ten seconds of CPU.
 *
 * @param email the person's address
 */
export async function apiToken(main: Machine, email: string): Promise<string> {
  const token = randomBytes(32).toString("base64url");
  const made = await sql(
    main,
    `INSERT INTO oauth_access_tokens (token, scopes, created_at, application_id, resource_owner_id)
     SELECT '${token}', 'read write follow push', now(), (SELECT min(id) FROM oauth_applications WHERE superapp), id
     FROM users WHERE email = '${email}' RETURNING id`,
  );
  if (made.length !== 1) throw new Error(`${email} has no account`);
  return token;
}
