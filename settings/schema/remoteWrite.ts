/** A Prometheus elsewhere that main sends its measurements to. */
import { z } from "zod";
import { optional, saying } from "./fields";

/** Addresses of tailnets: 100.64.0.0/10 and fd7a:115c:a1e0::/48 (tailscale.com/docs/concepts/tailscale-ip-addresses). */
const TAILNET = /^(100\.(6[4-9]|[7-9]\d|1[01]\d|12[0-7])\.\d+\.\d+|\[fd7a:115c:a1e0:[0-9a-f:]+\])$/;

const parsed = (url: string) => (URL.canParse(url) ? new URL(url) : undefined);

/** Whether what is sent there does not leave the tailnet, where WireGuard encrypts it and knows both ends. */
export const staysInTailnet = (url: string): boolean => TAILNET.test(parsed(url)?.hostname ?? "");

/** The host of an address without brackets. */
export const hostOf = (url: string): string => new URL(url).hostname.replace(/^\[|\]$/g, "");

/** What is wrong with an address, as a clause. */
export function urlProblem(written: string): string | undefined {
  const url = /^[\x21-\x7e]+$/.test(written) ? parsed(written) : undefined;
  if (!url || !/^https?:$/.test(url.protocol)) return "is not an https address";
  if (url.username || url.password)
    return "has a user name or a password in it; write the name as remoteWrite.username, and run: pulumi config set --secret remoteWritePassword";
  if (url.hash) return "ends in a fragment (#), which no server receives; remove it";
  // Main's resolver does not ask the tailnet (services/tailscale/40-tailnet).
  if (url.hostname.endsWith(".ts.net") || !/[.:]/.test(url.hostname))
    return "has a name of the tailnet, which main does not look up; write the machine's tailnet address (tailscale ip -4)";
  if (url.protocol === "http:" && !staysInTailnet(written))
    return "would not be encrypted outside the tailnet; write https://, or an address of the tailnet (100.64.0.0/10)";
  return undefined;
}

export const remoteWrite = {
  remoteWrite: z
    .strictObject({
      url: optional(z.string().superRefine(saying(urlProblem))).meta({
        description:
          "Address that takes Prometheus' remote write. Main sends all measurements there, with the label `site`. If empty, nothing is sent",
        examples: ["https://prometheus.example.net/api/v1/write"],
      }),
      username: z
        .string()
        .regex(/^[^\p{Cc}:]*$/u, {
          error: "has a colon or a control character, which no user name there can have",
        })
        .default("")
        .meta({
          description:
            "User name there; its password is the secret `remoteWritePassword`. If empty, that secret is sent as a bearer token",
        }),
    })
    .prefault({})
    .meta({
      description: "A Prometheus of yours that gets a copy of main's measurements (docs/watching.md)",
    }),
};
