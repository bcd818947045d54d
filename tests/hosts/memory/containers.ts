/** The containers of the examples in which ffmpeg may run, with the limits of the rendered compose files. */
import { parse } from "yaml";
import { dropletSize } from "../../../catalogue/droplets";
import { mayTranscode } from "../../../catalogue/queues";
import { assess } from "../../../fleet/assess";
import { plannedHosts } from "../../../machines/planned";
import { plainSettings } from "../../../settings/plain";
import type { Settings } from "../../../settings/schema";
import { settingsSchema } from "../../../settings/schema";
import { EXAMPLES, type Example, readExample } from "../../../settings/stackFile/examples";
import { unqualified } from "../../../settings/stackFile/stackFile";

export interface Container {
  /** `prod main g-4vcpu-16gb: web`. */
  title: string;
  /** Resident memory of what starts ffmpeg, as it was seen with real Mastodon. */
  rubyMiB: number;
  limitMiB: number;
  vcpus: number;
}

/** Seen at 2 threads after 16 minutes of work: 440; at 15 threads 498 and rising, so with a tenth on top. */
const sidekiqMiB = (threads: number) => Math.round(440 + ((548 - 440) * (threads - 2)) / 13);
/** Puma at its peak, 2 × 5 with 8 uploads at once: 871; each process without the code that they share some 290. */
const webMiB = (processes: number) => 291 + 290 * processes;

interface Compose {
  services: Record<string, { command: string[]; mem_limit: string; environment: Record<string, string> }>;
}

function containersOf(example: Example): Container[] {
  const { config, project } = readExample(example);
  const { settings } = plainSettings(unqualified(config, project), settingsSchema.shape);
  const { main, workers, ...rest } = settings as Settings;
  const hosts = plannedHosts({ main, workers, ...rest }, example, assess({ main, workers, ...rest }));
  return hosts.flatMap(({ name, cloudConfig }) => {
    const pool = workers.find((one) => name === `workers-${one.name}`) ?? main;
    const vcpus = dropletSize(pool.size)?.vcpus ?? 0;
    const { write_files } = parse(cloudConfig()) as { write_files: { path: string; content: string }[] };
    const file = write_files.find(({ path }) => path === "/etc/mastodon/compose.yaml");
    const { services } = parse(file?.content ?? "", { version: "1.1" }) as Compose;
    return Object.entries(services).flatMap(([service, { command, mem_limit, environment }]): Container[] => {
      const ruby = rubyMiB(command, environment);
      const title = `${example}, ${name} on ${pool.size}: ${service}`;
      return ruby ? [{ title, rubyMiB: ruby, limitMiB: Number.parseInt(mem_limit, 10), vcpus }] : [];
    });
  });
}

/** undefined where nothing transcodes. */
function rubyMiB(
  command: readonly string[],
  { WEB_CONCURRENCY }: Record<string, string>,
): number | undefined {
  if (command.includes("puma")) return webMiB(Number(WEB_CONCURRENCY));
  if (!command.includes("sidekiq")) return undefined;
  // A shell with a -c of its own starts it.
  const words = command.slice(command.indexOf("sidekiq"));
  const at = (option: string) => words.flatMap((word, i) => (word === option ? [words[i + 1] ?? ""] : []));
  const queues = at("-q").map((queue) => queue.split(",")[0]);
  const threads = Number(at("-c")[0]);
  return mayTranscode({ queues, threads, replicas: 1 } as Parameters<typeof mayTranscode>[0])
    ? sidekiqMiB(threads)
    : undefined;
}

/** Each kind once: the same limit, process and CPUs need no second look. */
export function containers(): Container[] {
  const kinds = new Map<string, Container>();
  for (const container of EXAMPLES.flatMap(containersOf)) {
    const kind = `${container.rubyMiB} ${container.limitMiB} ${container.vcpus}`;
    const before = kinds.get(kind);
    kinds.set(kind, before ? { ...before, title: `${before.title}; ${container.title}` } : container);
  }
  return [...kinds.values()];
}
