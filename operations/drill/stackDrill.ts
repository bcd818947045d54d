/** A drill of a stack, whose state says where main is and what opens the repository. */
import { POSTGRES_VERSIONS } from "../../catalogue/postgres";
import { ownSsh, withStackKey } from "../ssh";
import { plain, readStackState, type StateResource } from "../stackState";
import { machinesOf } from "../status/machines";
import type { Place } from "../there";
import { DrillError, drill, record } from "./drill";
import type { Outcome } from "./outcome";

/** Where the copy goes. */
export interface Where {
  /** `docker`, or a machine that ssh reaches. */
  on: string;
  /** Folder there. */
  folder: string;
  /** The machine's public host key: with it, ssh uses the stack's own key instead of yours. */
  hostKey: string | undefined;
}

/** Debian's own image; what is missing in it is installed. */
export const IMAGE = "debian:trixie";

/**
 * A container that is gone when its command has ended. On the host's network, since it only asks for packages and S3, and listens nowhere.
 * /run, where the configuration is, stays in memory.
 */
export const container = (folder: string): string[] => [
  ...["docker", "run", "--rm", "--interactive", "--network=host", "--tmpfs=/run:mode=755"],
  // A folder of this machine, because a container's own files may be on a small disk.
  ...(folder === DEFAULT_FOLDER ? [] : [`--volume=${folder}:${folder}`]),
  IMAGE,
];

export const DEFAULT_FOLDER = "/var/lib";

/**
 * @param progress gets a line now and then
 * @param show gets the outcome before it is kept on main
 * @throws Error that says what to do, if the drill came to no result
 */
export async function stackDrill(
  stack: string,
  { on, folder, hostKey }: Where,
  progress: (line: string) => void,
  show: (outcome: Outcome) => void,
): Promise<Outcome> {
  const { resources } = await readStackState(stack);
  const { privateKey, main } = machinesOf(stack, resources);
  const repositoryKey = repositoryKeyOf(stack, resources);
  return withStackKey(privateKey, async (ssh) => {
    const machine: Place = {
      name: on,
      command: on === "docker" ? container(folder) : hostKey ? ssh({ host: on, hostKey }) : ownSsh(on),
    };
    const onMain: Place = { name: "main", command: ssh(main) };
    const outcome = await drill({ main: onMain, machine, repositoryKey, nextMajor, folder, progress });
    show(outcome);
    await record(onMain, outcome);
    return outcome;
  });
}

/** The version that an upgrade would go to; 0 after the newest. */
export const nextMajor = (major: number): number => POSTGRES_VERSIONS.find((one) => one > major) ?? 0;

function repositoryKeyOf(stack: string, resources: readonly StateResource[]): string {
  const { outputs } = resources.find(({ type }) => type === "pulumi:pulumi:Stack") ?? {};
  const { repositoryKey } = plain(outputs ?? {}) as { repositoryKey?: string };
  if (!repositoryKey)
    throw new DrillError(`The stack ${stack} has no output repositoryKey yet. Run: pulumi up`);
  return repositoryKey;
}
