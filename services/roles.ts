/** Machines as lists of services. */
import { reservedIpv6, tailnetAddress } from "./addresses";
import { backup } from "./backup";
import { certificate } from "./certificate";
import { LOOPBACK } from "./compose";
import { containers } from "./containers";
import { docker } from "./docker";
import { drill } from "./drill";
import { escrow } from "./escrow";
import { federation } from "./federation";
import { firewall } from "./firewall";
import { housekeeping } from "./housekeeping";
import type { HostInputs, MainInputs, WorkerInputs } from "./inputs";
import { mastodon } from "./mastodon";
import { nginx } from "./nginx";
import { openPortsOnMain, openPortsOnWorkers } from "./openPorts";
import { owner } from "./owner";
import { pgbouncer } from "./pgbouncer";
import { postgres } from "./postgres";
import { postgresUpgrade } from "./postgresUpgrade";
import { recovery } from "./recovery";
import { cacheRedis, redis, redisClient } from "./redis";
import { resolver } from "./resolver";
import type { Service } from "./service";
import { sidekiqOnMain, sidekiqOnWorkers } from "./sidekiq";
import type { MainSizes, WorkerSizes } from "./sizes";
import { ssh } from "./ssh";
import { streaming } from "./streaming";
import { supervisor } from "./supervisor";
import { system } from "./system";
import { tailscale } from "./tailscale";
import { upkeep } from "./upkeep";
import { volume } from "./volume";
import { machineFacts, silence, watch } from "./watch";
import { web } from "./web";

const common: readonly Service<HostInputs, WorkerSizes>[] = [
  system,
  resolver,
  firewall,
  tailscale,
  ssh,
  docker,
  redisClient,
  machineFacts,
  upkeep,
];

/** In the order in which `mastodon-ready` checks them, and in which plans and budgets list them. */
export const mainServices: readonly Service<MainInputs, MainSizes>[] = [
  ...common,
  containers(LOOPBACK),
  volume,
  postgres,
  pgbouncer,
  redis,
  cacheRedis,
  web,
  streaming,
  nginx,
  certificate,
  owner,
  backup,
  recovery,
  federation,
  drill,
  escrow,
  sidekiqOnMain,
  mastodon,
  housekeeping,
  postgresUpgrade,
  silence,
  watch,
  openPortsOnMain,
  reservedIpv6,
  tailnetAddress,
];

export const workerServices: readonly Service<WorkerInputs, WorkerSizes>[] = [
  ...common,
  // Filled in on the machine each time it finds main: each main droplet has another address.
  containers({ variable: "MAIN_ADDRESS" }),
  supervisor,
  sidekiqOnWorkers,
  openPortsOnWorkers,
];
