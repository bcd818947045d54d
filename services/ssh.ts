import { comeBack, file } from "./hostFile";
import type { HostInputs } from "./inputs";
import { service } from "./service";

export const ssh = service({
  name: "ssh",
  packages: ["openssh-server"],
  ports: [{ port: 22, from: "administrators" }],
  files: ({ deployKey, settings: { administratorKeys } }: HostInputs) => [
    file("/etc/ssh/sshd_config.d/10-mastodon-host.conf", "ssh/sshd.conf"),
    {
      path: "/etc/ssh/authorized_keys.d/root",
      content: [deployKey, ...administratorKeys].map((key) => `${key.trim()}\n`).join(""),
    },
    ...comeBack("ssh"),
  ],
});
