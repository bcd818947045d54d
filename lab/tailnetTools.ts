/** Tailscale's own client and a control plane for it, built from their Go modules. */
import { cpSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { cached } from "../tools/cache";
import { goTool } from "../tools/goTool";
import { WIREGUARD } from "./internet/addresses";

/** The newest version that builds with headscale's Go. */
const TAILSCALE = { module: "tailscale.com", version: "v1.98.10" };
const HEADSCALE = { module: "github.com/juanfont/headscale", version: "v0.28.0" };

/** The unit of Tailscale's package, as far as the hosts rely on it. */
const UNIT = `[Unit]
Description=Tailscale node agent
After=network-pre.target systemd-resolved.service
Wants=network-pre.target

[Service]
Type=notify
EnvironmentFile=/etc/default/tailscaled
ExecStart=/usr/sbin/tailscaled --state=/var/lib/tailscale/tailscaled.state --socket=/run/tailscale/tailscaled.sock --port=\${PORT} $FLAGS
ExecStopPost=/usr/sbin/tailscaled --cleanup
Restart=on-failure
RuntimeDirectory=tailscale
RuntimeDirectoryMode=0755
StateDirectory=tailscale
StateDirectoryMode=0700

[Install]
WantedBy=multi-user.target
`;

export interface TailscalePrograms {
  tailscale: string;
  tailscaled: string;
}

export async function tailscalePrograms(): Promise<TailscalePrograms> {
  return {
    tailscaled: join(await goTool({ ...TAILSCALE, command: "cmd/tailscaled" }), "bin/tailscaled"),
    tailscale: join(await goTool({ ...TAILSCALE, command: "cmd/tailscale" }), "bin/tailscale"),
  };
}

/** A layer for machines with the content of Tailscale's package. */
export async function tailscaleLayer(): Promise<string> {
  const programs = await tailscalePrograms();
  return cached("tailscale-layer", [programs, UNIT], async (path) => {
    for (const folder of ["usr/bin", "usr/sbin", "usr/lib/systemd/system", "etc/default"])
      mkdirSync(join(path, folder), { recursive: true });
    cpSync(programs.tailscale, join(path, "usr/bin/tailscale"));
    cpSync(programs.tailscaled, join(path, "usr/sbin/tailscaled"));
    writeFileSync(join(path, "usr/lib/systemd/system/tailscaled.service"), UNIT);
    writeFileSync(join(path, "etc/default/tailscaled"), `PORT="${WIREGUARD}"\nFLAGS=""\n`);
  });
}

export const headscaleProgram = async (): Promise<string> =>
  join(
    await goTool({
      ...HEADSCALE,
      command: "cmd/headscale",
      // From headscale's own go.sum.
      sums: [
        "github.com/tailscale/tailsql v0.0.0-20260105194658-001575c3ca09 h1:Fc9lE2cDYJbBLpCqnVmoLdf7McPqoHZiDxDPPpkJM04=",
        "github.com/tailscale/tailsql v0.0.0-20260105194658-001575c3ca09/go.mod h1:QMNhC4XGFiXKngHVLXE+ERDmQoH0s5fD7AUxupykocQ=",
      ],
    }),
    "bin/headscale",
  );

/** A test ACME server. */
export const pebbleProgram = async (): Promise<string> =>
  join(
    await goTool({ module: "github.com/letsencrypt/pebble/v2", version: "v2.8.0", command: "cmd/pebble" }),
    "bin/pebble",
  );
