/** What is inside an escrow file. */
import { z } from "zod";
import { UsageError } from "../../tools/commandLine";

const FORMAT = "mastodon-hosting escrow 1";

const schema = z.object({
  format: z.literal(FORMAT),
  /** Date and time in ISO 8601. */
  written: z.string(),
  /** The stack's name without its organization. */
  stack: z.string(),
  /** The stack's output `identity`: domain, names, region, buckets, versions. */
  identity: z.record(z.string(), z.unknown()),
  /** Setting → string, as `pulumi config` gives it. Defaults are among them, because a later version may have others. */
  settings: z.record(z.string(), z.string()),
  secrets: z.record(z.string(), z.string()),
  /** The stack's ssh private key, in OpenSSH's format. */
  deployKey: z.string(),
});

export type EscrowFile = z.infer<typeof schema>;

export const escrowText = (content: Omit<EscrowFile, "format">): string =>
  `${JSON.stringify({ format: FORMAT, ...content }, null, 2)}\n`;

/** @throws UsageError, which repeats nothing of the text */
export function readEscrowText(text: string): EscrowFile {
  try {
    return schema.parse(JSON.parse(text));
  } catch {
    throw new UsageError(
      "The file was opened, but it is not an escrow file that this version of the project can read. Use the version that wrote it.",
    );
  }
}
