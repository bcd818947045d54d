/** Names that follow from the settings. */
import type { Settings } from "../config";

export interface Names {
  /** Prefix of everything the stack owns: `mastodon-STACK`. */
  prefix: string;
  /** Host name of the web interface. */
  web: string;
  /** Host name that serves media. */
  media: string;
  mediaBucket: string;
  /** DigitalOcean's name of the data volume: its device is /dev/disk/by-id/scsi-0DO_Volume_NAME. */
  dataVolume: string;
  backupBucket: string;
  /** Tailnet tags: they carry the stack, so that two stacks in one tailnet never reach each other. */
  tags: { main: string; worker: string; deploy: string };
}

export type NamedSettings = Pick<Settings, "domain" | "webDomain" | "mediaDomain" | "media" | "backups">;

export function namesOf(settings: NamedSettings, stack: string): Names {
  const prefix = `mastodon-${stack}`;
  const web = settings.webDomain || settings.domain;
  const dashed = settings.domain.replaceAll(".", "-");
  return {
    prefix,
    web,
    media: settings.mediaDomain || `media.${web}`,
    dataVolume: `${prefix}-data`,
    mediaBucket: settings.media.bucket || `${dashed}-media`,
    backupBucket: settings.backups.bucket || `${dashed}-backups`,
    tags: { main: `tag:${prefix}-main`, worker: `tag:${prefix}-worker`, deploy: `tag:${prefix}-deploy` },
  };
}

/**
 * A tag at DigitalOcean: `mastodon:STACK`, `mastodon:STACK:main`, `mastodon:STACK:worker:POOL`. Colons, which no name may
 * have: with hyphens the tag of stack `a-main` would be the one that opens 80 and 443 on stack a's main droplet.
 */
export const cloudTag = (stack: string, ...parts: string[]) => ["mastodon", stack, ...parts].join(":");

/** A short, lower-case part of an auth key's id (`kXyZ12345CNTRL`), enough to tell two machines of one name apart:
 * host names end in it. */
export const shortKeyId = (keyId: string) =>
  keyId
    .replace(/CNTRL$/, "")
    .toLowerCase()
    .replace(/[^a-z0-9]/g, "")
    .slice(-8);
