/** What all doubles share: accounts, checks, differences, faults, a journal. */
import { createHash } from "node:crypto";
import type { Account, Record } from "./account";
import type { Fault, Faults } from "./faults";
import { check, type Failure, type Inputs } from "./inputs";
import type { Journal } from "./journal";
import { isUnknown, partsOf, same, secret, UNKNOWN, type Values } from "./values";

/** The API refuses. */
export class Refused extends Error {}

/** The API's answer about something that does not exist. */
export const notFound = (what: string) => (id: string) =>
  `Error deleting ${what}: 404 The resource you were accessing could not be found: ${id}`;

/** The plugin crashes on a nil pointer; everything else that this operation asks it for fails, too. */
export class Panicked extends Error {
  constructor(readonly where: string) {
    super(`error reading from server: EOF (panic: nil pointer dereference in ${where})`);
  }
}

/** A resource exists, but the wait for it ended too early. */
export class TimedOut extends Error {
  constructor(
    readonly id: string,
    readonly outputs: Values,
    message: string,
  ) {
    super(message);
  }
}

export interface Made {
  id: string;
  outputs?: Values;
}

/** A kind of resource. If a function is absent, the account's own record is all there is. */
export interface Kind<A extends Account> {
  inputs: Inputs;
  /** Outputs that are unknown in a preview. */
  computed: readonly string[];
  secrets?: readonly string[];
  /** The provider would generate a `name`. One that is set explicitly cannot belong to two resources at once. */
  named?: boolean;
  /** The resource links two others and has no content: the provider reads and deletes it by what the state says about both. */
  link?: boolean;
  /** The provider's error if a deleted resource no longer exists; undefined if it accepts that. */
  alreadyGone?: (id: string) => string;
  create(account: A, inputs: Values, name: string): Made | Promise<Made>;
  update?(account: A, record: Record, inputs: Values): Values | undefined | Promise<Values | undefined>;
  /** @param state the provider's last answer, which is all that it knows */
  delete?(account: A, record: Record, state: Values): void | Promise<void>;
  /** The current outputs, and inputs that have changed; undefined if the resource is gone. */
  read?(account: A, record: Record): Values | undefined;
}

export interface Difference {
  changed: string[];
  replaces: string[];
  deleteBeforeReplace: boolean;
}

/**
 * An input as the state has it. After a refresh, the engine's input is the hash, too; the provider takes that for no change (its
 * DiffSuppressFunc).
 */
function kept(kind: { inputs: Inputs }, key: string, value: unknown, state?: unknown): unknown {
  if (!kind.inputs[key]?.hashed || typeof value !== "string" || isUnknown(value) || value === state)
    return value;
  return createHash("sha1").update(value).digest("hex");
}

export abstract class ProviderDouble<A extends Account = Account> {
  abstract readonly package: string;
  /** Inputs of the provider itself. */
  abstract readonly configuration: Inputs;
  abstract readonly kinds: Readonly<{ [type: string]: Kind<A> }>;
  /** Native providers handle secrets themselves; for bridged providers the engine does. */
  readonly acceptsSecrets: boolean = false;
  /** A provider that stores nothing: the engine's state is all there is. */
  readonly stateless: boolean = false;
  private readonly connections = new Map<string, A>();
  /** Connections to a plugin that has crashed. */
  private readonly dead = new Map<string, Panicked>();

  constructor(
    protected readonly journal: Journal,
    protected readonly faults: Faults,
  ) {}

  /** Logs in. @throws Refused */
  protected abstract logIn(configuration: Values): A;

  /** @throws Refused if the credentials do not allow it */
  protected allow(_connection: string, _type: string, _method: Fault["method"]): void {}

  invoke(_account: A, token: string, _args: Values): Values {
    throw new Refused(`${token} is not known here`);
  }

  /** @param connection each configured provider of a package has its own connection */
  configure(connection: string, configuration: Values): void {
    this.connections.set(connection, this.logIn(configuration));
  }

  accountOf(connection: string): A {
    const panic = this.dead.get(connection);
    if (panic) throw panic;
    const account = this.connections.get(connection);
    if (!account) throw new Error(`${this.package}: used before it was configured`);
    return account;
  }

  check(urn: string, values: Values): { values: Values; failures: Failure[] } {
    return check(this.kind(urn).inputs, values);
  }

  /** @param state the provider's last answer; the engine has already reset ignored inputs to it */
  diff(urn: string, state: Values, olds: Values, news: Values): Difference {
    const kind = this.kind(urn);
    const changed = [...new Set([...Object.keys(olds), ...Object.keys(news)])].filter(
      (key) =>
        kind.inputs[key] &&
        !same(kept(kind, key, news[key], state[key]), key in state ? state[key] : kept(kind, key, olds[key])),
    );
    const replaces = changed.filter((key) => kind.inputs[key]?.replaces);
    const keepsName = kind.named === true && news.name !== undefined && !changed.includes("name");
    return { changed, replaces, deleteBeforeReplace: replaces.length > 0 && keepsName };
  }

  /** A resource's future outputs, as far as a preview knows them. */
  preview(urn: string, inputs: Values, before: Values = {}): Values {
    const kind = this.kind(urn);
    const unknown = Object.fromEntries(kind.computed.map((key) => [key, before[key] ?? UNKNOWN]));
    return this.outward(kind, { ...unknown, ...inputs }, before);
  }

  async create(connection: string, urn: string, inputs: Values): Promise<{ id: string; outputs: Values }> {
    const account = this.accountOf(connection);
    const kind = this.kind(urn);
    const { type, name } = partsOf(urn);
    const effect = await this.meet("create", name);
    this.allow(connection, type, "create");
    const make = () =>
      this.note({ what: "create", urn, account, connection }, () => kind.create(account, inputs, name));
    if (effect === "answer lost") {
      const { id, outputs = {} } = await make();
      account.add({ type, name, id, inputs, outputs });
    }
    const { id, outputs = {} } = await make();
    if (!this.stateless) account.add({ type, name, id, inputs, outputs });
    const known = this.outward(kind, { ...outputs, ...inputs, ...this.idIn(id) });
    if (effect === "timed out") throw new TimedOut(id, known, `timeout while waiting for ${name}`);
    return { id, outputs: known };
  }

  async update(connection: string, urn: string, id: string, state: Values, inputs: Values): Promise<Values> {
    const account = this.accountOf(connection);
    const kind = this.kind(urn);
    const { type, name } = partsOf(urn);
    const record = this.recordOf(account, urn, id, state);
    if (!record) throw new Refused(`${type} ${id} does not exist`);
    const effect = await this.meet("update", name);
    this.allow(connection, type, "update");
    const outputs = await this.note({ what: "update", urn, account, id, connection }, () =>
      kind.update?.(account, record, inputs),
    );
    Object.assign(record, { inputs, outputs: { ...record.outputs, ...outputs } });
    if (effect === "timed out") throw new Refused(`timeout while waiting for ${name}`);
    return this.outward(kind, { ...record.outputs, ...inputs, ...this.idIn(id) }, state);
  }

  /** @returns undefined if it is gone */
  async read(
    connection: string,
    urn: string,
    id: string,
    state: Values,
    inputs: Values,
  ): Promise<{ outputs: Values; inputs: Values } | undefined> {
    const account = this.accountOf(connection);
    const kind = this.kind(urn);
    const { type, name } = partsOf(urn);
    await this.meet("read", name);
    this.allow(connection, type, "read");
    this.journal.add({ where: this.package, what: "read", name, type, id, account: account.label });
    if (this.stateless) return { outputs: this.outward(kind, state), inputs };
    const record = this.recordOf(account, urn, id, state);
    const changed = record && (kind.read ? kind.read(account, record) : record.outputs);
    if (!record || !changed) return undefined;
    const now = { ...record.inputs, ...changed };
    const outputs = this.outward(kind, { ...now, ...this.idIn(id) }, state);
    const hashed = (key: string, value: unknown) => (kind.inputs[key]?.hashed ? outputs[key] : value);
    const found = Object.entries(now)
      .filter(([key]) => kind.inputs[key])
      .map(([key, value]) => [key, hashed(key, value)]);
    return { outputs, inputs: Object.fromEntries(found) };
  }

  async delete(connection: string, urn: string, id: string, state: Values): Promise<void> {
    const account = this.accountOf(connection);
    const { type, name } = partsOf(urn);
    const record = this.recordOf(account, urn, id, state);
    const effect = await this.meet("delete", name);
    this.allow(connection, type, "delete");
    const kind = this.kind(urn);
    await this.note({ what: "delete", urn, account, id, connection }, () => {
      if (record) return kind.delete?.(account, record, state);
      if (kind.alreadyGone) throw new Refused(kind.alreadyGone(id));
      return undefined;
    });
    account.remove(type, id);
    if (effect === "timed out") throw new Refused(`timeout while waiting for the end of ${name}`);
  }

  /** A bridged provider also has the id among the outputs. */
  private idIn(id: string): Values {
    return this.acceptsSecrets ? {} : { id };
  }

  private recordOf(account: A, urn: string, id: string, state: Values): Record | undefined {
    const { type, name } = partsOf(urn);
    const told = { type, name, id, inputs: state, outputs: {} };
    if (this.stateless) return { ...told, outputs: state };
    return account.find(type, id) ?? (this.kind(urn).link ? told : undefined);
  }

  private kind(urn: string): Kind<A> {
    const { type } = partsOf(urn);
    const kind = this.kinds[type];
    if (!kind) throw new Refused(`${type} is not known here`);
    return kind;
  }

  /** @param state the provider's last answer */
  private outward(kind: Kind<A>, values: Values, state: Values = {}): Values {
    const secrets = kind.secrets ?? [];
    return Object.fromEntries(
      Object.entries(values).map(([key, value]) => [
        key,
        secrets.includes(key) ? secret(value) : kept(kind, key, value, state[key]),
      ]),
    );
  }

  /** Throws a refusal, and waits if the fault is slowness. */
  private async meet(method: string, name: string) {
    const effect = this.faults.meet(method, name);
    if (effect === "refused") throw new Refused(`${method} ${name}: 503 Service Unavailable`);
    if (typeof effect === "object") await new Promise((resolve) => setTimeout(resolve, effect.slow));
    return effect;
  }

  private async note<T>(
    {
      what,
      urn,
      account,
      id,
      connection,
    }: { what: string; urn: string; account: A; id?: string; connection: string },
    act: () => T | Promise<T>,
  ): Promise<T> {
    const entry = { where: this.package, account: account.label, id, ...partsOf(urn) };
    try {
      const result = await act();
      this.journal.add({ ...entry, what });
      return result;
    } catch (error) {
      this.journal.add({ ...entry, what: `${what} refused`, detail: String(error) });
      if (error instanceof Panicked) this.dead.set(connection, error);
      throw error;
    }
  }
}
