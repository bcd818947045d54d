/** What runs on a machine comes back by itself, however long the reason lasts that keeps it down. */
import type { Machine } from "../../lab/machine";

/** systemd's own, and what belongs to nobody's service. */
const SYSTEM =
  /^(systemd-(journald|logind|networkd|udevd)|dbus|getty@.*|console-getty|user@.*|unattended-upgrades|cloud-.*)\.service$/;

/** More than systemd's own limit (5 in 10 s) and Debian's for Docker (3 in 60 s) allow. */
const FAILURES = 6;

const BROKEN = "zz-broken.conf";

/** Names of the services that run, but for systemd's own. */
export const services = async (machine: Machine): Promise<string[]> =>
  (await machine.run("systemctl list-units --type=service --state=running --plain --no-legend"))
    .trim()
    .split("\n")
    .map((line) => line.split(" ")[0] ?? "")
    .filter((name) => !SYSTEM.test(name))
    .sort();

const property = async (machine: Machine, unit: string, name: string) =>
  (await machine.run(`systemctl show -P ${name} '${unit}'`)).trim();

/** Each of them dies, fails at every start for longer than any limit of tries, and is back once the reason is gone. */
export async function comeBack(machine: Machine, units: readonly string[]): Promise<void> {
  const before = new Map<string, number>();
  for (const unit of units) {
    before.set(unit, Number(await property(machine, unit, "NRestarts")));
    await machine.run(
      `mkdir -p /run/systemd/system/${unit}.d && printf '[Service]\\nExecStartPre=/bin/false\\n' >/run/systemd/system/${unit}.d/${BROKEN}`,
    );
  }
  try {
    await machine.run(
      `systemctl daemon-reload && systemctl kill --signal=SIGKILL ${units.map((unit) => `'${unit}'`).join(" ")}`,
    );
    for (const unit of units)
      await machine.waitFor(
        `${FAILURES} failures of ${unit}`,
        120,
        async () =>
          Number(await property(machine, unit, "NRestarts")) >= (before.get(unit) ?? 0) + FAILURES ||
          (await property(machine, unit, "ActiveState")) === "failed",
      );
    const given = [];
    for (const unit of units)
      if ((await property(machine, unit, "ActiveState")) === "failed") given.push(unit);
    expect(given).toEqual([]);
  } finally {
    await machine.run(`rm -f /run/systemd/system/*.d/${BROKEN} && systemctl daemon-reload`);
  }
  for (const unit of units)
    await machine.waitFor(unit, 60, async () => (await property(machine, unit, "ActiveState")) === "active");
}

/** Those that systemd gives up after some tries, or starts again after some ends only. */
export async function givenUp(machine: Machine, units: readonly string[]): Promise<string[]> {
  const found: string[] = [];
  for (const unit of units) {
    const [restart, pause, limit, burst] = [
      await property(machine, unit, "Restart"),
      seconds(await property(machine, unit, "RestartUSec")),
      seconds(await property(machine, unit, "StartLimitIntervalUSec")),
      Number(await property(machine, unit, "StartLimitBurst")),
    ];
    if (restart !== "always" || pause < 1 || pause * burst <= limit)
      found.push(`${unit}: ${restart}, ${pause} s, at most ${burst} times in ${limit} s`);
  }
  return found;
}

/** As systemd shows a time: `2s`, `1min 30s`, `100ms`, `0`. */
const seconds = (shown: string): number =>
  [...shown.matchAll(/(\d+)(ms|s|min|h)/g)].reduce(
    (sum, [, number, unit]) => sum + Number(number) * { ms: 0.001, s: 1, min: 60, h: 3600 }[unit as "s"],
    0,
  );
