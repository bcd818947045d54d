/** A token as an application of somebody's has it, for the API and for streaming. */
import { randomBytes } from "node:crypto";
import { sql } from "./databases";
import type { Machine } from "./machine";

/**
 * By one row: Mastodon's own tables and its stand-in's have these columns, and a console of Mastodon's takes ten seconds of CPU.
 *
 * @param email of the person
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
