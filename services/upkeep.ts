/** Unattended security updates. */
import { file, step } from "./hostFile";
import type { HostInputs } from "./inputs";
import { service } from "./service";

/** `HH:MM`, that many hours later, wrapping at midnight. */
export function later(time: string, hours: number): string {
  const [hour = 0, minute = 0] = time.split(":").map(Number);
  return [(hour + hours) % 24, minute].map((part) => String(part).padStart(2, "0")).join(":");
}

export const upkeep = service({
  name: "unattended-upgrades",
  packages: ["unattended-upgrades"],
  files: ({ role, settings: { upkeep } }: HostInputs) => [
    step("upkeep/90-upkeep"),
    file("/etc/apt/apt.conf.d/60mastodon-host", "upkeep/upgrades.conf", {
      REBOOT: String(role === "worker" && upkeep.rebootWorkers),
    }),
    // Workers an hour after main, so that a bad update does not hit both at once.
    file("/etc/systemd/system/apt-daily-upgrade.timer.d/mastodon-host.conf", "upkeep/upgrade-window.conf", {
      TIME: later(upkeep.window, role === "worker" ? 1 : 0),
    }),
  ],
});
