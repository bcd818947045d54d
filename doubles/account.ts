/** What a provider's account contains: the truth, whatever the engine knows of it. */
import type { Values } from "./values";

export interface Record {
  type: string;
  id: string;
  /** The resource's name in the program that made it. */
  name: string;
  inputs: Values;
  outputs: Values;
}

export class Account {
  private readonly records = new Map<string, Record>();

  constructor(readonly label: string) {}

  add(record: Record): Record {
    this.records.set(`${record.type} ${record.id}`, record);
    return record;
  }

  find(type: string, id: string): Record | undefined {
    return this.records.get(`${type} ${id}`);
  }

  remove(type: string, id: string): void {
    this.records.delete(`${type} ${id}`);
  }

  /** Everything, or everything of one type. */
  list(type?: string): Record[] {
    return [...this.records.values()].filter((record) => type === undefined || record.type === type);
  }

  /** The only resource of that type that meets the condition; undefined if there is none. */
  having(type: string, holds: (inputs: Values) => boolean): Record | undefined {
    return this.list(type).find(({ inputs }) => holds(inputs));
  }
}
