/** Which DigitalOcean accounts the tokens belong to, and whether they are the accounts that the stack lives in. */
import type { Problem } from "../settings/problem";
import { placeholder, type SecretName, setCommand } from "../settings/secrets";
import { type Answer, ApiError, type Ask, asking, digitalOceanApi } from "./api";

/** Id of main's account, and of the workers' account if it is another one. */
export interface Accounts {
  main?: string;
  workers?: string;
}

const TOKENS = { main: "digitaloceanToken", workers: "digitaloceanWorkerToken" } as const;
const ROLES = ["main", "workers"] as const;

/**
 * The account's team, or its user if there is no team. The API is asked instead of the provider, which knows only the user: one person may
 * have both accounts, and two people may have tokens of one account.
 */
function idOf({ account }: Answer): string {
  const { uuid, team } = account as { uuid: string; team?: { uuid: string } };
  return team?.uuid ?? uuid;
}

/** The role's token; undefined if it is not set, or a placeholder (`npm run plan`). */
export function tokenOf(given: Readonly<Record<string, string>>, role: keyof Accounts): string | undefined {
  const name = TOKENS[role];
  const token = given[name];
  return token && token !== placeholder(name) ? token : undefined;
}

/** A token that was accepted, with what the account said about itself. */
export interface Opened {
  ask: Ask;
  account: Answer;
}

/**
 * @param given secret's name → value; with a placeholder no account is asked (`npm run plan`)
 */
export async function openedAccounts(
  given: Readonly<Record<string, string>>,
  pauseMs?: number,
): Promise<{ accounts: Accounts; opened: Partial<Record<keyof Accounts, Opened>>; problems: Problem[] }> {
  const accounts: Accounts = {};
  const opened: Partial<Record<keyof Accounts, Opened>> = {};
  const problems: Problem[] = [];
  await Promise.all(
    ROLES.map(async (role) => {
      const name: SecretName = TOKENS[role];
      const token = tokenOf(given, role);
      if (!token) return;
      const ask = asking(digitalOceanApi(), token, pauseMs);
      try {
        const answer = await ask("/v2/account");
        accounts[role] = idOf(answer);
        opened[role] = { ask, account: answer.account as Answer };
      } catch (error) {
        if (!(error instanceof ApiError)) throw error;
        problems.push({ key: name, message: unopened(name, error) });
      }
    }),
  );
  return { accounts, opened, problems };
}

const unopened = (name: SecretName, { message, refused, status }: ApiError) =>
  refused
    ? `was rejected: ${message}. The token needs the scope account:read; set another: ${setCommand(name)}`
    : status === undefined
      ? `could not be checked: ${message}. The machine that runs pulumi must reach DigitalOcean's API; behind a proxy, set HTTPS_PROXY`
      : `could not be checked: ${message}. The token is not the cause; try again later`;

/** @param before what the stack's last run recorded; undefined before the first run, and if an older program made the record */
export function accountProblems(before: Accounts | undefined, now: Accounts): Problem[] {
  if (now.main !== undefined && now.main === now.workers)
    return [
      {
        key: TOKENS.workers,
        message:
          "belongs to the same account as digitaloceanToken; set the second account's token, or set workerAccount: same",
      },
    ];
  return ROLES.flatMap((role) => {
    const [was, is] = [before?.[role], now[role]];
    if (was === undefined || is === undefined || was === is) return [];
    return [
      {
        key: TOKENS[role],
        message: `belongs to account ${is}, but this stack lives in ${was}: everything would be created again in the new account, and keep running unnoticed in the old one. Set a token of the old account: ${setCommand(TOKENS[role])}`,
      },
    ];
  });
}
