import { comeBackUnnoticed, step, unit } from "./hostFile";
import type { HostInputs } from "./inputs";
import { service } from "./service";

/**
 * The package comes from Tailscale's own repository (40-tailnet), which has one channel for fixes and features. Workers update on Tuesdays,
 * spread over the day, and main two days later.
 */
export const tailscale = service({
  name: "Tailscale",
  packages: ["gpg"],
  // WireGuard's direct path. Without it, paths between machines are relayed, at 1 to 5 MB/s.
  ports: [{ port: 41641, protocol: "udp", from: "internet" }],
  files: ({ role, settings: { upkeep } }: HostInputs) => [
    step("tailscale/40-tailnet"),
    ...comeBackUnnoticed("tailscaled"),
    unit("tailscale/tailscale-upgrade.service"),
    unit("tailscale/tailscale-upgrade.timer", {
      DAY: role === "worker" ? "Tue" : "Thu",
      TIME: upkeep.window,
      SPREAD: role === "worker" ? "20h" : "30min",
    }),
  ],
});
