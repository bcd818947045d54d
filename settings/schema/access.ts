/** Who reaches the machines: the tailnet, and ssh keys. */
import { z } from "zod";
import { oneLine, saying } from "./fields";
import { sshKeyProblem } from "./sshKey";
import { adminProblem } from "./tailnetAdmins";
import { quiet } from "./values";

export const access = {
  tailnet: z
    .strictObject({
      oauthClientId: oneLine.min(1).meta({
        description:
          "OAuth client that creates the droplets' auth keys; its secret is `tailscaleOauthClientSecret`",
        examples: ["kAbCdEfCNTRL"],
      }),
      name: oneLine
        .min(1)
        .default("-")
        .meta({ description: "Tailnet ID; `-` is the OAuth client's own tailnet" }),
      admins: z
        .array(
          z
            .string()
            .superRefine(saying(adminProblem))
            .meta({ examples: ["you@example.org"] }),
        )
        .min(1)
        .default(["autogroup:admin"])
        .meta({ description: "Who may reach ssh and the page of the watch: users, groups, autogroups" }),
      managePolicy: z.boolean().default(false).meta({
        description:
          "Let this stack own the tailnet's whole policy file. It overwrites the existing policy, so use it only for a tailnet that has no other use",
      }),
    })
    .prefault({} as never)
    .meta({ description: "The tailnet that connects the droplets" }),
  administratorKeys: z
    .array(
      z
        .string()
        .superRefine(saying(sshKeyProblem))
        .meta({ examples: ["ssh-ed25519 AAAAC3… you@example.org"] }),
    )
    .default([])
    .meta({ description: "Administrators' SSH public keys, for root over the tailnet" }),
};

access.administratorKeys.register(quiet, { why: "a private key pasted by mistake" });
