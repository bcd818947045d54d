/** Debian itself, and what brings a bundle onto the machine. */
import { envFile } from "./envFile";
import { comeBack, command, file, LIBRARY, step, unit } from "./hostFile";
import type { HostInputs } from "./inputs";
import { service } from "./service";

/**
 * Debian, Docker, Tailscale and room for the kernel's own caches. Debian's installation guide (bullseye, 3.4) recommends 512 MiB
 * for a system without a desktop.
 */
export const SYSTEM_MIB = 512;

export const system = service({
  name: "Debian",
  packages: ["ca-certificates", "curl", "jq", "openssl", "systemd-timesyncd"],
  memory: () => [{ item: "system", mib: SYSTEM_MIB }],
  hostEnv: ({ role, stack, names, sizing }: HostInputs) => ({
    ROLE: role,
    STACK: stack,
    MAIN_TAG: names.tags.main,
    SWAP_MIB: sizing.swapMiB,
  }),
  files: ({ role }: HostInputs, { hostEnv }) => [
    ...["host-bundle", "host-apply", "host-receive", "needs-restart"].map((name) =>
      command(`system/${name}`),
    ),
    ...["common.sh", "apt.sh"].map((name) => file(`${LIBRARY}/${name}`, `system/${name}`)),
    step("system/10-system"),
    step("system/20-packages"),
    step("system/22-yardstick"),
    unit("system/host-apply.service"),
    ...comeBack("systemd-timesyncd"),
    file("/etc/sysusers.d/mastodon-host.conf", `system/sysusers-${role}.conf`),
    file("/etc/sysctl.d/60-mastodon-host.conf", "system/sysctl.conf"),
    file("/etc/systemd/journald.conf.d/mastodon-host.conf", "system/journald.conf"),
    { path: "/etc/mastodon-host/host.env", content: envFile(hostEnv) },
  ],
});
