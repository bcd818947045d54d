/** command: commands on machines, over ssh, and on the deploying machine. */
import { randomBytes } from "node:crypto";
import type { local, remote } from "@pulumi/command";
import { attempt } from "../tools/run";
import { Account } from "./account";
import type { Faults } from "./faults";
import { type Inputs, inputsOf } from "./inputs";
import type { Journal } from "./journal";
import type { Answer, Connection, Machines } from "./machines";
import { type Kind, ProviderDouble, Refused } from "./provider";
import type { SshStandIn } from "./sshStandIn";
import type { Values } from "./values";

/** Inputs of both kinds of command. */
const RUN = {
  create: { type: "string" },
  update: { type: "string" },
  delete: { type: "string" },
  stdin: { type: "string" },
  environment: { type: "map" },
  triggers: { type: "list", replaces: true },
  addPreviousOutputInEnv: { type: "boolean" },
} as const;

export class CommandDouble extends ProviderDouble {
  readonly package = "command";
  readonly configuration = {};
  override readonly acceptsSecrets = true;
  override readonly stateless = true;

  readonly kinds = {
    "command:remote:Command": kind(
      inputsOf<remote.CommandArgs>()({
        connection: { type: "map", required: true },
        ...RUN,
      }),
      (command, inputs, before) => this.onMachine(command, inputs, before),
    ),
    "command:local:Command": kind(
      inputsOf<local.CommandArgs>()({
        ...RUN,
      }),
      (command, inputs) => this.here(command, inputs),
    ),
  };

  /** @param ssh what local commands find on PATH */
  constructor(
    journal: Journal,
    faults: Faults,
    private readonly machines: Machines,
    private readonly ssh: SshStandIn,
  ) {
    super(journal, faults);
  }

  protected logIn(_configuration: Values) {
    return new Account("command");
  }

  /** @param before the command's last output: the provider sends it along unless it is told not to */
  private async onMachine(command: string, inputs: Values, before: Values): Promise<Answer> {
    const { connection, stdin, environment, addPreviousOutputInEnv } = inputs;
    const to = connection as Connection;
    // The machines' sshd has no AcceptEnv.
    for (const variable of Object.keys((environment as object | undefined) ?? {}))
      throw new Refused(`could not set environment variable "${variable}": ssh: setenv failed`);
    if (addPreviousOutputInEnv !== false && before.stdout) {
      const detail =
        "Unable to set 'PULUMI_COMMAND_STDOUT'. This only works if your SSH server is configured to accept it";
      this.journal.add({ where: this.package, what: "warned", name: to.host, detail });
    }
    const answer = await this.machines.ssh(to, command, String(stdin ?? ""));
    if (!answer) throw new Refused(`after 300 failed attempts: dial tcp: lookup ${to.host}: no such host`);
    return answer;
  }

  private async here(command: string, { environment, stdin }: Values): Promise<Answer> {
    const answer = await attempt(["/bin/sh", "-c", command], {
      env: { ...this.ssh.environment(), ...(environment as NodeJS.ProcessEnv) },
      input: String(stdin ?? ""),
    });
    // The engine shows it to whoever runs it.
    const detail = answer.stdout + answer.stderr;
    if (detail) this.journal.add({ where: this.package, what: "said", name: "", detail });
    return answer;
  }
}

/** As in the provider: without a separate command, an update runs the create command again. */
function kind(
  inputs: Inputs,
  run: (command: string, inputs: Values, before: Values) => Promise<Answer>,
): Kind<Account> {
  /** @throws Refused with the command's output */
  async function outputsOf(command: unknown, values: Values, before: Values = {}): Promise<Values> {
    if (typeof command !== "string") return { stdout: "", stderr: "" };
    const { code, stdout, stderr } = await run(command, values, before);
    if (code !== 0)
      throw new Refused(`Process exited with status ${code}: running "${command}":\n${stdout}${stderr}`);
    return { stdout, stderr };
  }
  return {
    inputs,
    computed: ["stdout", "stderr"],
    create: async (_account, values, name) => ({
      id: `${name}${randomBytes(4).toString("hex")}`,
      outputs: await outputsOf(values.create, values),
    }),
    update: (_account, { outputs }, values) => outputsOf(values.update ?? values.create, values, outputs),
    delete: async (_account, { inputs: values, outputs }) =>
      void (await outputsOf(values.delete, values, outputs)),
  };
}
