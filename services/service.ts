/**
 * A service says everything about itself in one place: packages, ports, files, memory, connections, readiness, what a plan prints. A
 * machine is a list of services (services/roles.ts). What depends on all of them is derived here and in machines/.
 */
import type { Container } from "./compose";
import type { HostFile } from "./hostFile";

/** Who may open a connection: everybody, machines of the other role, or administrators and the deployer. */
export type Source = "internet" | "workers" | "main" | "administrators";

/** `tcp` if no protocol is given; `udp` is only for everybody. */
export type Port =
  | { port: number; protocol?: "tcp"; from: Source }
  | { port: number; protocol: "udp"; from: "internet" };

/** A part of what a machine must keep in RAM. */
export interface MemoryLine {
  item: string;
  mib: number;
}

/** Connections to pgbouncer. */
export interface ConnectionLine {
  item: string;
  connections: number;
}

/** What `mastodon-ready` waits for. */
export interface ReadyCheck {
  /** A shell condition that is true while the service is not ready. */
  missing: string;
  /** What it waits for, in words: "pgbouncer on 6432". */
  what: string;
}

/** The settings that leave ports closed. */
export interface Switches {
  main: { watch: boolean };
}

type HostEnv = Readonly<Record<string, string | number | boolean | undefined>>;

/** What follows from all services of a machine, for the services that write it into files. */
export interface Derived {
  hostEnv: HostEnv;
  /** Ports reached from the internet, and from the tailnet (TCP). */
  ports: { public: readonly Port[]; tailnet: readonly number[] };
  containers: Readonly<Record<string, Container>>;
  ready: readonly ReadyCheck[];
}

/**
 * @typeParam Inputs what its files are rendered from
 * @typeParam Sizes the sizes that its memory and its line in a plan depend on
 */
export interface Service<Inputs, Sizes> {
  /** The name that docs and messages use. */
  name: string;
  /** Debian packages. */
  packages?: readonly string[];
  ports?: readonly Port[];
  /** Whether its ports are open; they are if this is absent. */
  opens?: (switches: Switches) => boolean;
  files?: (inputs: Inputs, derived: Derived) => readonly HostFile[];
  /** By name: containers of the compose project. */
  containers?: (inputs: Inputs) => Readonly<Record<string, Container>>;
  /** Variables of /etc/mastodon-host/host.env, which scripts read. */
  hostEnv?: (inputs: Inputs) => HostEnv;
  memory?: (sizes: Sizes) => readonly MemoryLine[];
  /** Its connections to pgbouncer, which is sized by them. */
  connections?: (sizes: Omit<Sizes, "pgbouncer">) => readonly ConnectionLine[];
  ready?: readonly ReadyCheck[];
  /**
   * Comes with the first `pulumi up`, over ssh, and not with user data, which is limited. For what main can serve without. Workers have only
   * user data.
   */
  late?: true;
  /** Its line in a plan's list of what runs. */
  shown?: (sizes: Sizes) => string;
}

/** Infers the types of a service from its functions. */
export const service = <Inputs = unknown, Sizes = unknown>(
  one: Service<Inputs, Sizes>,
): Service<Inputs, Sizes> => one;

export type Ports = Pick<Service<never, never>, "ports">;

/** Services without those that the settings leave closed. */
export const opened = <One extends Pick<Service<never, never>, "opens">>(
  services: readonly One[],
  switches: Switches,
): One[] => services.filter(({ opens }) => opens?.(switches) ?? true);

/** TCP ports that a source reaches, in the services' order. */
export const tcpPorts = (services: readonly Ports[], ...from: readonly Source[]): number[] =>
  services.flatMap(({ ports = [] }) =>
    ports
      .filter((one) => (one.protocol ?? "tcp") === "tcp" && from.includes(one.from))
      .map(({ port }) => port),
  );

/** What everybody reaches, TCP first. */
export const publicPorts = (services: readonly Ports[]): Port[] =>
  services
    .flatMap(({ ports = [] }) => ports.filter(({ from }) => from === "internet"))
    .sort((a, b) => (a.protocol ?? "tcp").localeCompare(b.protocol ?? "tcp"));

/** Lines of a plan's list of what runs. */
export const shownOf = <Sizes>(services: readonly Service<never, Sizes>[], sizes: Sizes): string[] =>
  services.flatMap(({ shown }) => shown?.(sizes) ?? []);

/** Everything that must be in RAM at the same time. */
export const memoryOf = <Sizes>(services: readonly Service<never, Sizes>[], sizes: Sizes): MemoryLine[] =>
  services.flatMap(({ memory }) => memory?.(sizes) ?? []);
