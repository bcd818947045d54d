/** What happened in the doubles' world, in order. */

export interface Entry {
  /** A provider's package, or `machines`. */
  where: string;
  /** `create`, `update`, `delete`, `read`, `invoke` (none of them from previews); for machines `boot`, `ssh`, `shutdown` … */
  what: string;
  /** The resource's name in the program; for machines the host. */
  name: string;
  type?: string;
  account?: string;
  id?: string | undefined;
  /** A command, a refusal, a detail. */
  detail?: string;
}

export class Journal {
  readonly entries: Entry[] = [];

  add(entry: Entry): void {
    this.entries.push(entry);
  }

  /** Forgets everything so far. */
  clear(): void {
    this.entries.length = 0;
  }

  /** Entries as lines: `create main-droplet`. */
  lines(...whats: readonly string[]): string[] {
    return this.entries
      .filter(({ what }) => whats.length === 0 || whats.includes(what))
      .map(({ what, name }) => `${what} ${name}`);
  }
}
