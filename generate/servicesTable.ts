/** docs/hosts.md, "Services": what each machine consists of, from services/. */
import { markdownTable } from "../report/markdownTable";
import { mainServices, workerServices } from "../services/roles";
import type { Port, Service } from "../services/service";

const WHO: Record<Port["from"], string> = {
  internet: "everybody",
  workers: "workers",
  main: "main",
  administrators: "administrators",
};

const port = ({ port, protocol = "tcp", from }: Port) =>
  `${port}${protocol === "udp" ? "/udp" : ""} from ${WHO[from]}`;

const code = (names: readonly string[]) => names.map((name) => `\`${name}\``).join(" ");

export function servicesTable(): string {
  const names = new Set([...mainServices, ...workerServices].map(({ name }) => name));
  const rows = [...names].flatMap((name) => {
    const found = (services: readonly Service<never, never>[]) =>
      services.find((service) => service.name === name);
    const [onMain, onWorkers] = [found(mainServices), found(workerServices)];
    const { packages = [], ports = [], ready = [] } = onMain ?? onWorkers ?? {};
    // All other services have none of the three.
    if (packages.length + ports.length + ready.length === 0) return [];
    const where = onMain && onWorkers ? "both" : onMain ? "main" : "workers";
    const waits = ready.map(({ what }) => what.replace(/ \(\$.*/, "")).join(", ");
    return [[name, where, code(packages), ports.map(port).join(", "), waits]];
  });
  const head = ["service", "on", "Debian packages", "ports", "`mastodon-ready` waits for"];
  return markdownTable(head, rows).join("\n");
}
