/** A client on the internet: curl outside of the machine, through its firewall, that trusts main's own certificate. */
import { join } from "node:path";
import type { Result } from "../../../tools/run";
import type { Bed } from "./bed";

export interface Answer {
  status: number;
  /** Names in lower case. */
  headers: Record<string, string>;
  body: string;
}

const curl = (bed: Bed, url: string, options: readonly string[]): Promise<Result> =>
  bed.lab.network.attempt([
    ...["curl", "--silent", "--show-error", "--include", "--max-time", "60"],
    // A symbolic link would lead out of the machine's root.
    ...["--cacert", join(bed.main.root, "etc/nginx/tls/self-signed.pem")],
    ...["--connect-to", `::${bed.main.address}:`, ...options, url],
  ]);

/** @throws Error where there is no answer of HTTP */
export async function browse(bed: Bed, url: string, ...options: string[]): Promise<Answer> {
  const { code, stdout, stderr } = await curl(bed, url, options);
  if (code !== 0) throw new Error(`${url}: curl's exit ${code}: ${stderr}`);
  const [head = "", ...rest] = stdout.split("\r\n\r\n");
  const [first = "", ...lines] = head.split("\r\n");
  return {
    status: Number(first.split(" ")[1]),
    headers: Object.fromEntries(
      lines.map((line) => [line.split(":")[0]?.toLowerCase(), line.slice(line.indexOf(":") + 1).trim()]),
    ),
    body: rest.join("\r\n\r\n"),
  };
}

/** curl's reason for not having any answer. */
export async function unanswered(bed: Bed, url: string, ...options: string[]): Promise<string> {
  const { code, stdout, stderr } = await curl(bed, url, options);
  return `${code} ${stdout}${stderr}`;
}
