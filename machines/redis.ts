/** Configuration of the two Redis. */
import { hostFile } from "./template";

interface RedisInputs {
  maxMemoryMiB: number;
  password: string;
}

/** A value as Redis' configuration reads it, whatever it contains. */
const quoted = (text: string): string => `"${text.replaceAll(/["\\]/g, "\\$&")}"`;

/** @param kind `redis`: queues and feeds; `redis-cache`: Rails' cache */
export const redisConf = (kind: "redis" | "redis-cache", { maxMemoryMiB, password }: RedisInputs): string =>
  hostFile(`main/etc/${kind}.conf`, { PASSWORD: quoted(password), MAX_MEMORY_MIB: maxMemoryMiB });
