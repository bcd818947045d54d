/**
 * How fast a core is, in RSA signatures a second (`openssl speed rsa2048`): what relates a machine to the one on which jobs were measured. It is
 * no measure of Ruby, but it is on every machine, takes seconds, and costs nothing.
 */
import { dropletFamily, dropletSlugs } from "./droplets";

/** Of the vCPU (AMD EPYC) on which the jobs were measured (fleet/model/jobs.ts). What the model calls a dedicated vCPU is this one. */
export const MEASURED_SIGNATURES = 4_000;

/** Families of droplets, by dropletFamily(). */
export const DROPLET_FAMILIES: readonly string[] = [...new Set(dropletSlugs().map(dropletFamily))];

/**
 * ASSUMED, of every family: nobody has measured one, and DigitalOcean mixes generations of processors within most. Each machine measures
 * itself at its first boot (services/system/22-yardstick); `assumptions.signaturesPerSecond` takes the figure.
 */
export const ASSUMED_SIGNATURES: Readonly<Record<string, number>> = Object.fromEntries(
  DROPLET_FAMILIES.map((family) => [family, MEASURED_SIGNATURES]),
);
