/** An `ssh` for commands on the deploying machine that reaches the machines of this process. */
import { cpSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Connection, Machines } from "./machines";

/** ssh's own exit code if nobody answers. */
const UNREACHABLE = 255;

/** drain.sh waits a minute for a dead worker; here that takes a second. */
const FAST_CLOCK = {
  sleep: 'exec /bin/sleep "$(awk "BEGIN { print $1 / 60 }")"',
  date: "echo $(($(/bin/date +%s%3N) * 60 / 1000))",
};

export interface SshStandIn {
  /** Environment variables that a command must have. */
  environment(): NodeJS.ProcessEnv;
  stop(): void;
}

export async function sshStandIn(machines: Machines): Promise<SshStandIn> {
  const folder = mkdtempSync(join(tmpdir(), "ssh-stand-in-"));
  cpSync(join(__dirname, "ssh.js"), join(folder, "ssh"));
  for (const [name, script] of Object.entries(FAST_CLOCK))
    writeFileSync(join(folder, name), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  const server = createServer(async (request, response) => {
    let text = "";
    for await (const chunk of request) text += chunk;
    const { connection, command } = JSON.parse(text) as { connection: Connection; command: string };
    const answer = (await machines.ssh(connection, command, "")) ?? {
      code: UNREACHABLE,
      stdout: "",
      stderr: `ssh: Could not resolve hostname ${connection.host}\n`,
    };
    response.end(JSON.stringify(answer));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    environment: () => ({
      PATH: `${folder}:${process.env.PATH}`,
      MACHINES: `http://127.0.0.1:${port}`,
    }),
    stop: () => {
      server.close();
      rmSync(folder, { recursive: true });
    },
  };
}
