/** Sizes on main that the stack file may set; each is computed if it is absent. */
import type { PostgresOverrides } from "./postgres";

export interface MainOverrides {
  postgres?: PostgresOverrides;
  pgbouncer?: { defaultPoolSize?: number | undefined; maxClientConnections?: number | undefined };
  redis?: { maxMemoryMiB?: number | undefined };
  cacheRedis?: { maxMemoryMiB?: number | undefined };
  web?: { processes?: number | undefined; threads?: number | undefined };
  watch?: boolean | undefined;
  streaming?: { memoryMiB?: number | undefined };
}
