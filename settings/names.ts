/** Names that follow from the settings. */
import type { Settings } from "./schema";

/** Names that follow from the stack's own name. */
export interface StackNames {
  /** Prefix of everything that the stack owns: `mastodon-STACK`. */
  prefix: string;
  mainDroplet: string;
  /** DigitalOcean's name of the data volume: its device is /dev/disk/by-id/scsi-0DO_Volume_NAME. */
  dataVolume: string;
  /** Tailnet tags. They contain the stack's name, so two stacks in one tailnet never reach each other. */
  tags: { main: string; worker: string; deploy: string };
}

export interface Names extends StackNames {
  /** Host name of the web interface. */
  web: string;
  /** Host name that serves media. */
  media: string;
  mediaBucket: string;
  backupBucket: string;
}

export type NamedSettings = Pick<Settings, "domain" | "webDomain" | "mediaDomain" | "media" | "backups">;

export function namesOfStack(stack: string): StackNames {
  const prefix = `mastodon-${stack}`;
  return {
    prefix,
    mainDroplet: `${prefix}-main`,
    dataVolume: `${prefix}-data`,
    tags: { main: `tag:${prefix}-main`, worker: `tag:${prefix}-worker`, deploy: `tag:${prefix}-deploy` },
  };
}

export function namesOf(settings: NamedSettings, stack: string): Names {
  const web = settings.webDomain || settings.domain;
  const dashed = settings.domain.replaceAll(".", "-");
  return {
    ...namesOfStack(stack),
    web,
    media: settings.mediaDomain || `media.${web}`,
    mediaBucket: settings.media.bucket || `${dashed}-media`,
    backupBucket: settings.backups.bucket || `${dashed}-backups`,
  };
}

/**
 * A tag at DigitalOcean: `mastodon:STACK`, `mastodon:STACK:main`, `mastodon:STACK:worker:POOL`. It uses colons, which no name may contain.
 * With hyphens, the tag of stack `a-main` would be the one that opens 80 and 443 on stack a's main droplet.
 */
export const cloudTag = (stack: string, ...parts: string[]) => ["mastodon", stack, ...parts].join(":");

/**
 * A short, lowercase part of an auth key's id (`kXyZ12345CNTRL`), enough to distinguish two machines with one name: host names
 * end in it.
 */
export const shortKeyId = (keyId: string) =>
  keyId
    .replace(/CNTRL$/, "")
    .toLowerCase()
    .replace(/[^a-z0-9]/g, "")
    .slice(-8);
