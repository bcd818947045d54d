import { comeBack, file, step } from "./hostFile";
import { service } from "./service";

export const docker = service({
  name: "Docker",
  // Without apparmor, Docker runs containers unconfined.
  packages: ["apparmor", "docker-cli", "docker-compose", "docker.io"],
  files: () => [
    step("docker/45-docker"),
    file("/etc/docker/daemon.json", "docker/daemon.json"),
    ...comeBack("containerd", "docker"),
  ],
});
