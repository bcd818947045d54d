/**
 * Who may use ssh: people. An entry becomes the source of the policy's rule for ssh and an owner of the stack's tags
 * (components/tailnetPolicy.ts). Anything that includes tagged machines would let workers into main.
 */

/**
 * Autogroups of people (tailscale.com/docs/reference/targets-and-selectors, read 2026-11-28); the other autogroups are devices or
 * addresses.
 */
const PEOPLE = ["admin", "owner", "member", "it-admin", "network-admin", "billing-admin", "auditor"];
const WRITE =
  "write a user (you@example.org), a group (group:NAME) or an autogroup of people (autogroup:admin)";

/** What is wrong with an entry, as a clause. */
export function adminProblem(entry: string): string | undefined {
  const [, autogroup] = /^autogroup:(.*)$/.exec(entry) ?? [];
  if (autogroup !== undefined)
    return PEOPLE.includes(autogroup)
      ? undefined
      : `includes machines or strangers, who could then reach ssh; write one of ${PEOPLE.map((name) => `autogroup:${name}`).join(", ")}`;
  if (entry === "*") return `would let everything in the tailnet reach ssh, including workers; ${WRITE}`;
  if (entry.startsWith("tag:")) return `is a tag, which would let machines reach ssh; ${WRITE}`;
  if (/^group:[^\s:*,]+$/.test(entry)) return undefined;
  // headscale's local users end in `@`.
  return /^[^\s@:*,]+@[^\s@:*,]*$/.test(entry)
    ? undefined
    : `is neither a user nor a group of the tailnet; ${WRITE}`;
}
