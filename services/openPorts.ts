/** Whether a port is open that should not be, as the internet sees it: main looks at its workers, and they at main. Decision 33. */
import { file, type HostFile, internal, LIBRARY, step, unit } from "./hostFile";
import type { HostInputs, MainInputs } from "./inputs";
import { REDIS_PORT } from "./redis";
import { type Derived, service } from "./service";
import type { MainSizes } from "./sizes";

/** A look takes up to a few hours and comes once a day; older than this, it is an alarm. */
export const LOOK_FRESH_DAYS = 3;

const packages = ["iputils-ping"];

const lookFiles = ({ ports }: Derived): HostFile[] => [
  file(`${LIBRARY}/outside.py`, "openPorts/outside.py"),
  internal("openPorts/open-ports"),
  unit("openPorts/mastodon-open-ports.service", {
    PUBLIC_TCP: ports.public
      .filter(({ protocol = "tcp" }) => protocol === "tcp")
      .map(({ port }) => port)
      .join(" "),
    REDIS_PORT,
  }),
  unit("openPorts/mastodon-open-ports.timer"),
];

export const openPortsOnMain = service({
  name: "look from outside, at workers",
  late: true,
  packages,
  shown: ({ watch, lookedAt }: MainSizes) =>
    watch && lookedAt
      ? "look from outside at the workers' ports, as they look at main's"
      : `no look from outside at main's ports: there is no ${watch ? "worker" : "watch"}`,
  files: ({ sizing }: MainInputs, derived) => [
    step("openPorts/84-open-ports"),
    ...(sizing.watch ? lookFiles(derived) : []),
  ],
});

export const openPortsOnWorkers = service({
  name: "look from outside, at main",
  packages,
  shown: () => "look from outside at main's ports",
  files: (_: HostInputs, derived) => [step("openPorts/84-open-ports"), ...lookFiles(derived)],
});
