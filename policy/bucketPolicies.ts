/** Finds what bucket policies give to the public. */

export interface PublicStatement {
  sid: string;
  /** In lower case: IAM ignores case. `everything but …` for a NotAction. */
  actions: string[];
  resources: string[];
}

interface Statement {
  Sid?: string;
  Effect: string;
  Principal?: unknown;
  NotPrincipal?: unknown;
  Action?: string | string[];
  NotAction?: string | string[];
  Resource?: string | string[];
  NotResource?: string | string[];
}

const list = <T>(value: T | T[] | undefined): T[] =>
  value === undefined ? [] : Array.isArray(value) ? value : [value];

/** @throws SyntaxError if the text is not JSON */
export function publicStatements(policy: string): PublicStatement[] {
  const statements = list((JSON.parse(policy) as { Statement?: Statement | Statement[] }).Statement);
  return statements
    .map((statement, i) => ({ sid: statement.Sid ?? `${i + 1}`, statement }))
    .filter(({ statement }) => statement.Effect === "Allow" && isPublic(statement))
    .map(({ sid, statement: { Action, NotAction, Resource, NotResource } }) => ({
      sid,
      actions: [
        ...list(Action).map((action) => action.toLowerCase()),
        ...list(NotAction).map((action) => `everything but ${action}`),
      ],
      resources: [...list(Resource), ...list(NotResource).map((arn) => `everything but ${arn}`)],
    }));
}

/** A NotPrincipal with Allow means everyone else. */
function isPublic({ Principal, NotPrincipal }: Statement): boolean {
  if (NotPrincipal !== undefined) return true;
  const named = typeof Principal === "object" && Principal !== null ? Object.values(Principal) : [Principal];
  return named.flat().includes("*");
}
