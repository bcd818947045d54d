/** Where the stand-ins for services of the internet listen, on the lab's gateway (TEST-NET-1, RFC 5737). */
export const INTERNET = {
  dns: "192.0.2.53",
  controlPlane: "192.0.2.10",
  acme: "192.0.2.11",
  s3: "192.0.2.20",
  mail: "192.0.2.25",
  ledger: "192.0.2.40",
  packages: "192.0.2.80",
  registry: "192.0.2.81",
  metadata: "169.254.169.254",
} as const;

/** The addresses that Tailscale's client asks by default. */
export const CONTROL_PLANE_NAME = "controlplane.tailscale.com";

export const ACME_NAMES = ["acme-v02.api.letsencrypt.org", "acme-staging-v02.api.letsencrypt.org"] as const;

/** tailscaled's port on droplets, for direct paths (UDP). */
export const WIREGUARD = 41_641;

/** The names in the lists that Debian's installer and cloud-init write. */
export const DEBIAN_NAMES = ["deb.debian.org", "security.debian.org"] as const;

export const TAILSCALE_PACKAGES_NAME = "pkgs.tailscale.com";

/** Names below it are S3's: regions' endpoints, and the buckets. */
export const AMAZON_ZONE = "amazonaws.com";

export const REGISTRY_NAME = "ghcr.io";
