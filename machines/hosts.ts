/** The two kinds of machine, rendered from their services. */
import type { HostInputs, MainInputs, WorkerInputs } from "../services/inputs";
import { mainServices, workerServices } from "../services/roles";
import { type Derived, opened, publicPorts, type Service, tcpPorts } from "../services/service";
import type { HostBundle } from "./bundle";

export type MainHostInputs = Omit<MainInputs, "role">;
export type WorkerHostInputs = Omit<WorkerInputs, "role">;

/** Everything that the main droplet is made of. */
export const mainHost = (inputs: MainHostInputs): HostBundle =>
  bundleOf(mainServices, { ...inputs, role: "main" });

/** Everything that a worker droplet of a pool is made of. */
export const workerHost = (inputs: WorkerHostInputs): HostBundle =>
  bundleOf(workerServices, { ...inputs, role: "worker" });

/** Debian packages, each once. */
export const packagesOf = (services: readonly Pick<Service<never, never>, "packages">[]): string[] =>
  [...new Set(services.flatMap(({ packages = [] }) => packages))].sort();

function bundleOf<Inputs extends HostInputs>(
  services: readonly Service<Inputs, never>[],
  inputs: Inputs,
): HostBundle {
  const derived: Derived = {
    hostEnv: Object.assign({}, ...services.map(({ hostEnv }) => hostEnv?.(inputs))),
    containers: Object.assign({}, ...services.map(({ containers }) => containers?.(inputs))),
    ready: services.flatMap(({ ready = [] }) => ready),
    ports: {
      public: publicPorts(services),
      tailnet: tcpPorts(opened(services, inputs.settings), "workers", "main", "administrators"),
    },
  };
  const early = packagesOf(services.filter(({ late }) => !late));
  return {
    role: inputs.role,
    packages: packagesOf(services),
    latePackages: packagesOf(services).filter((name) => !early.includes(name)),
    files: services.flatMap(({ files, late }) =>
      (files?.(inputs, derived) ?? []).map((file) => (late ? { ...file, late } : file)),
    ),
  };
}
