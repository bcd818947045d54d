/** Which DigitalOcean accounts the tokens open, and whether they are those that the stack lives in. */
import type { Problem } from "../capacity/problem";
import { placeholder, type SecretName, setCommand } from "./secrets";

/** Id of the account that holds main, and of that of the workers where it is another. */
export interface Accounts {
  main?: string;
  workers?: string;
}

const TOKENS = { main: "digitaloceanToken", workers: "digitaloceanWorkerToken" } as const;
const ROLES = ["main", "workers"] as const;

/** The provider knows the same variable. */
const api = () => process.env.DIGITALOCEAN_API_URL ?? "https://api.digitalocean.com";

/**
 * The account's team, or its user where there is no team. Asked here and not through the provider, which knows only the user:
 * one person may have both accounts, and two persons tokens of one.
 *
 * @throws Error that says why it cannot be known
 */
async function accountOf(token: string): Promise<string> {
  const response = await fetch(`${api()}/v2/account`, {
    headers: { Authorization: `Bearer ${token}` },
    signal: AbortSignal.timeout(30_000),
  });
  if (!response.ok) throw new Error(`DigitalOcean answers ${response.status} ${response.statusText}`.trim());
  const { account } = (await response.json()) as { account: { uuid: string; team?: { uuid: string } } };
  return account.team?.uuid ?? account.uuid;
}

/**
 * @param given secret's name → value; a placeholder opens nothing, and nobody is asked (`npm run plan`)
 */
export async function openedAccounts(
  given: Readonly<Record<string, string>>,
): Promise<{ accounts: Accounts; problems: Problem[] }> {
  const accounts: Accounts = {};
  const problems: Problem[] = [];
  await Promise.all(
    ROLES.map(async (role) => {
      const name: SecretName = TOKENS[role];
      const token = given[name];
      if (!token || token === placeholder(name)) return;
      try {
        accounts[role] = await accountOf(token);
      } catch (error) {
        const { message, cause } = error as Error;
        const why = cause instanceof Error ? `${message}: ${cause.message}` : message;
        problems.push({
          key: name,
          message: `opens no account that could be named: ${why}. It needs the scope account:read; another one: ${setCommand(name)}`,
        });
      }
    }),
  );
  return { accounts, problems };
}

/** @param before what the stack's last run recorded; undefined before its first, and where it was made by an older program */
export function accountProblems(before: Accounts | undefined, now: Accounts): Problem[] {
  if (now.main !== undefined && now.main === now.workers)
    return [
      {
        key: TOKENS.workers,
        message:
          "opens the same account as digitaloceanToken; give the second account's token, or set workerAccount: same",
      },
    ];
  return ROLES.flatMap((role) => {
    const [was, is] = [before?.[role], now[role]];
    if (was === undefined || is === undefined || was === is) return [];
    return [
      {
        key: TOKENS[role],
        message: `opens the account ${is}, and the stack lives in ${was}: everything would be made anew there, and live on unseen in the old one. Give a token of the old account: ${setCommand(TOKENS[role])}`,
      },
    ];
  });
}
