import { comeBack, file, step } from "./hostFile";
import { service } from "./service";

export const resolver = service({
  name: "systemd-resolved",
  packages: ["systemd-resolved"],
  files: () => [
    step("resolver/25-resolver"),
    file("/etc/systemd/resolved.conf.d/mastodon-host.conf", "resolver/resolved.conf"),
    ...comeBack("systemd-resolved"),
  ],
});
