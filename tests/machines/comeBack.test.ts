import type { HostBundle } from "../../machines/bundle";
import { workerHost } from "../../machines/hosts";
import { fileOf, workerInputs } from "../support/fixtures";
import { mainBundle } from "../support/mainFixtures";

const dropInsOf = (bundle: HostBundle, dropIn: string) =>
  bundle.files
    .flatMap(
      ({ path }) =>
        new RegExp(`^/etc/systemd/system/(.*)\\.service\\.d/${dropIn}\\.conf$`).exec(path)?.[1] ?? [],
    )
    .sort();

const COMMON = ["containerd", "docker", "ssh", "systemd-resolved", "systemd-timesyncd", "tailscaled"];
const main = mainBundle();
const worker = workerHost(workerInputs());

test("every service of each host is started again after whatever end, with a pause, without a limit of tries", () => {
  expect(dropInsOf(worker, "restart")).toEqual(COMMON);
  expect(dropInsOf(main, "restart")).toEqual(
    [
      ...COMMON,
      ...["nginx", "pgbouncer", "postgresql@", "redis-server", "redis-server@cache"],
      ...["prometheus", "prometheus-alertmanager", "prometheus-node-exporter"],
    ].sort(),
  );
  const dropIn = fileOf(main, "/etc/systemd/system/postgresql@.service.d/restart.conf").content;
  for (const line of [
    "StartLimitIntervalSec=0",
    "Restart=always",
    "RestartSec=2",
    "RestartPreventExitStatus=",
  ])
    expect(dropIn.split("\n")).toContain(line);
});

test("a crash of what others are part of is no restart on purpose: they hear nothing of it", () => {
  expect(dropInsOf(worker, "restart-direct")).toEqual(["tailscaled"]);
  expect(dropInsOf(main, "restart-direct")).toEqual([
    "pgbouncer",
    "postgresql@",
    "redis-server",
    "redis-server@cache",
    "tailscaled",
  ]);
});

test("no other file of a bundle sets how often something may be started", () => {
  for (const bundle of [main, worker]) {
    const limits = bundle.files.filter(
      ({ path, content }) =>
        path.startsWith("/etc/systemd/system/") && /^StartLimit(Burst|Interval(Sec)?=[^0])/m.test(content),
    );
    expect(limits.map(({ path }) => path)).toEqual([]);
  }
});
