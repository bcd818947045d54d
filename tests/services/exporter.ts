/** A service that does not exist: all of it is this file. */
import { service } from "../../services/service";

export const exporter = service({
  name: "pretend exporter",
  packages: ["prometheus-node-exporter"],
  ports: [{ port: 9999, from: "main" }],
  memory: () => [{ item: "pretend exporter", mib: 32 }],
  ready: [
    {
      missing: "! curl -fs -o /dev/null http://127.0.0.1:9999/metrics",
      what: "the pretend exporter on 9999",
    },
  ],
  shown: () => "pretend exporter on 9999",
  files: () => [
    {
      path: "/etc/default/prometheus-node-exporter",
      content: 'ARGS="--web.listen-address=:9999"\n',
    },
  ],
});
