/** The web interface, and the media bucket behind a cache. */
import { comeBack, dropIn, file, type HostFile, LIBRARY, step } from "./hostFile";
import type { MainInputs } from "./inputs";
import { service } from "./service";
import { NEXT_WEB_PORT } from "./web";

/** @param url the base address of other media; none if empty */
function fallback(url: string): HostFile[] {
  if (!url) return [];
  const { host, pathname } = new URL(url);
  return [
    file("/etc/nginx/media/fallback.conf", "nginx/media-fallback.conf", {
      HOST: host,
      BASE: pathname.replace(/\/$/, ""),
    }),
  ];
}

export const nginx = service({
  name: "nginx",
  packages: ["nginx"],
  ports: [
    { port: 80, from: "internet" },
    { port: 443, from: "internet" },
  ],
  // A few MiB per worker process, and the keys of the media cache. Our allowance.
  memory: () => [{ item: "nginx", mib: 64 }],
  hostEnv: ({ names }: MainInputs) => ({ WEB_DOMAIN: names.web, MEDIA_DOMAIN: names.media }),
  ready: [
    {
      missing: '! get --resolve "$WEB_DOMAIN:443:127.0.0.1" "https://$WEB_DOMAIN/health"',
      what: "nginx on 443",
    },
  ],
  shown: () => "nginx",
  files: ({ settings, names }: MainInputs) => [
    step("nginx/70-web"),
    file(`${LIBRARY}/nginx.sh`, "nginx/nginx.sh"),
    file("/etc/nginx/nginx.conf", "nginx/nginx.conf"),
    file("/etc/nginx/conf.d/web.conf", "nginx/web.conf", {
      WEB: names.web,
      MEDIA: names.media,
      NEXT: NEXT_WEB_PORT,
    }),
    file("/etc/nginx/conf.d/media.conf", "nginx/media.conf", {
      MEDIA: names.media,
      BUCKET: names.mediaBucket,
      REGION: settings.aws.region,
      CACHE_GIB: settings.media.cacheGiB,
      ABSENT: settings.media.fallbackUrl ? "= @fallback" : "=404 @absent",
    }),
    ...fallback(settings.media.fallbackUrl),
    file("/usr/local/share/mastodon-host/error.html", "nginx/error.html"),
    dropIn("nginx", "nginx/nginx.service.conf"),
    ...comeBack("nginx"),
  ],
});
