/** The ssh agent on the machine that runs pulumi. The program does not need it, but a dead socket makes every command fail. */
import { connect } from "node:net";
import type { Problem } from "../settings/problem";

/**
 * The provider of remote commands asks the agent that SSH_AUTH_SOCK names, even if it has a key, and fails at once if nobody answers
 * (pulumi-command 1.2.1, remote/connection.go). The socket of a closed session would end the `up` after all droplets are created.
 */
export async function sshAgentProblems(socket = process.env.SSH_AUTH_SOCK): Promise<Problem[]> {
  if (!socket) return [];
  const error = await new Promise<Error | undefined>((resolve) => {
    const agent = connect(socket)
      .on("connect", () => resolve(undefined))
      .on("error", resolve)
      .setTimeout(5_000, () => resolve(new Error("no answer for 5 s")));
    agent.on("connect", () => agent.destroy());
  });
  if (!error) return [];
  return [
    {
      key: "SSH_AUTH_SOCK",
      message: `names an ssh agent that does not answer (${error.message}), so Pulumi's commands on the machines would fail. Run: unset SSH_AUTH_SOCK`,
    },
  ];
}
