/** nginx' files: the web interface, and the media bucket behind a cache. */

import type { Names } from "../settings/names";
import type { Settings } from "../settings/schema";
import type { HostFile } from "./bundle";
import { hostFile } from "./template";

export function nginxFiles(settings: Pick<Settings, "aws" | "media">, names: Names): HostFile[] {
  return [
    { path: "/etc/nginx/nginx.conf", content: hostFile("main/nginx/nginx.conf") },
    {
      path: "/etc/nginx/conf.d/web.conf",
      content: hostFile("main/nginx/web.conf", { WEB: names.web, MEDIA: names.media }),
    },
    {
      path: "/etc/nginx/conf.d/media.conf",
      content: hostFile("main/nginx/media.conf", {
        MEDIA: names.media,
        BUCKET: names.mediaBucket,
        REGION: settings.aws.region,
        CACHE_GIB: settings.media.cacheGiB,
      }),
    },
    { path: "/usr/local/share/mastodon-host/error.html", content: hostFile("main/nginx/error.html") },
  ];
}
