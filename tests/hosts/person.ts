/** Somebody with an account, whose mail domain nobody has to look up. */
import { apiToken } from "../../lab/apiToken";
import { sql } from "../../lab/databases";
import type { Machine } from "../../lab/machine";

const EMAIL = "someone@example.org";

/** A token of theirs; they get their account where they have none. */
export async function someonesToken(main: Machine): Promise<string> {
  await sql(
    main,
    `WITH account AS (INSERT INTO accounts (username) SELECT 'someone'
       WHERE NOT EXISTS (SELECT 1 FROM users WHERE email = '${EMAIL}') RETURNING id)
     INSERT INTO users (account_id, email, confirmed_at) SELECT id, '${EMAIL}', now() FROM account`,
  );
  return apiToken(main, EMAIL);
}
