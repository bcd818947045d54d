/** Addresses that main has to configure itself: its reserved IPv6 address, and the tailnet address for the databases. */
import { internal, timed, unit } from "./hostFile";
import type { MainInputs } from "./inputs";
import { CACHE_REDIS_PORT, REDIS_PORT } from "./redis";
import { service } from "./service";

export const reservedIpv6 = service({
  name: "reserved IPv6",
  files: ({ settings }: MainInputs) =>
    settings.main.ipv6
      ? [internal("reservedIpv6/reserved-ipv6"), unit("reservedIpv6/reserved-ipv6.service")]
      : [],
});

export const tailnetAddress = service({
  name: "tailnet address",
  files: () => [
    internal("tailnetAddress/tailnet-address", { REDIS: REDIS_PORT, CACHE_REDIS: CACHE_REDIS_PORT }),
    ...timed("tailnetAddress/tailnet-address"),
  ],
});
