/** What a host is sized from. */
import type { DropletSize } from "../../catalogue/droplets";
import type { SidekiqProcess } from "../../catalogue/queues";
import type { MainOverrides } from "./overrides";
import type { RedisNeed } from "./state";

/** The parts of a droplet's size that matter here. */
export interface Host extends Pick<DropletSize, "memoryMiB" | "vcpus"> {
  /** The droplet's size, if known: a problem then recommends a larger one of the same family. */
  slug?: string;
}

export interface MainInput extends Host {
  sidekiq: readonly SidekiqProcess[];
  /** Σ threads × replicas × droplets over the whole worker fleet. */
  workerThreads: number;
  redisNeed: RedisNeed;
  /** Of the data volume. */
  volumeGiB: number;
  /** Open connections to streaming at the busy hour. */
  sockets: number;
  overrides?: MainOverrides;
}

export interface WorkerInput extends Host {
  sidekiq: readonly SidekiqProcess[];
  /** Where the pool is set in the stack file, for a problem's key: "workers[0]". */
  key?: string;
}
