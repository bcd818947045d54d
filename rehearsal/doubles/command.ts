/** command: commands on machines, over ssh. */
import { randomBytes } from "node:crypto";
import type { remote } from "@pulumi/command";
import { Account } from "./account";
import type { Faults } from "./faults";
import { inputsOf } from "./inputs";
import type { Journal } from "./journal";
import type { Connection, Machines } from "./machines";
import { type Kind, ProviderDouble, Refused } from "./provider";
import type { Values } from "./values";

export class CommandDouble extends ProviderDouble {
  readonly package = "command";
  readonly configuration = {};
  override readonly acceptsSecrets = true;
  override readonly stateless = true;

  readonly kinds = {
    "command:remote:Command": {
      inputs: inputsOf<remote.CommandArgs>()({
        connection: { type: "map", required: true },
        create: { type: "string" },
        update: { type: "string" },
        delete: { type: "string" },
        stdin: { type: "string" },
        environment: { type: "map" },
        triggers: { type: "list", replaces: true },
      }),
      computed: ["stdout", "stderr"],
      create: async (_account, inputs, name) => ({
        id: `${name}${randomBytes(4).toString("hex")}`,
        outputs: await this.run(inputs, inputs.create),
      }),
      update: (_account, _record, inputs) => this.run(inputs, inputs.update ?? inputs.create),
      delete: async (_account, { inputs }) => void (await this.run(inputs, inputs.delete)),
    } satisfies Kind<Account>,
  };

  constructor(
    journal: Journal,
    faults: Faults,
    private readonly machines: Machines,
  ) {
    super(journal, faults);
  }

  protected logIn(_configuration: Values) {
    return new Account("command");
  }

  /** @throws Refused with all that the command said */
  private async run({ connection, stdin }: Values, command: unknown): Promise<Values> {
    if (typeof command !== "string") return { stdout: "", stderr: "" };
    const to = connection as Connection;
    const answer = await this.machines.ssh(to, command, String(stdin ?? ""));
    if (!answer) throw new Refused(`after 300 failed attempts: dial tcp: lookup ${to.host}: no such host`);
    const { code, stdout, stderr } = answer;
    if (code !== 0)
      throw new Refused(`Process exited with status ${code}: running "${command}":\n${stdout}${stderr}`);
    return { stdout, stderr };
  }
}
