/**
 * A port of main's loopback behind which a database of the old server answers. Each connection goes over ssh to this machine, and over ssh on
 * to the old server: neither has to reach the other, and nothing listens on a public address.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { UsageError } from "../../tools/commandLine";
import { lastWords } from "./onMain";
import { sshCommand, unshared } from "./ssh";

interface TunnelArgs {
  /** The old server. */
  from: string;
  /** Its standard input on the old server; what follows it is the connection. */
  script: string;
  main: string;
  /** On main. */
  port: number;
}

export interface Tunnel {
  /** Undefined as long as it stands. */
  broken: () => string | undefined;
  close: () => void;
}

/** A service behind a Unix socket in a folder that nobody else may enter: a port here would be open to everybody on this machine. */
function serve(from: string, script: string, path: string): { server: Server; end: () => void } {
  const open = new Set<Socket>();
  const server = createServer((socket) => {
    open.add(socket);
    const [file = "", ...args] = sshCommand(from, "bash", "-s");
    const child = spawn(file, args, { stdio: ["pipe", "pipe", "ignore"], env: process.env });
    // Either end hangs up; the databases say what that means for them.
    const hangUp = () => {
      open.delete(socket);
      socket.destroy();
      child.kill();
    };
    for (const side of [socket, child, child.stdin]) side.on("error", hangUp);
    socket.on("close", hangUp);
    child.on("close", hangUp);
    child.stdin.write(script);
    socket.pipe(child.stdin);
    child.stdout.pipe(socket);
  });
  server.listen(path);
  return {
    server,
    end: () => {
      server.close();
      for (const socket of open) socket.destroy();
    },
  };
}

/** @throws UsageError if main does not give the port */
export async function tunnel({ from, script, main, port }: TunnelArgs): Promise<Tunnel> {
  const folder = mkdtempSync(join(tmpdir(), "mastodon-moving-"));
  const path = join(folder, "socket");
  const { end } = serve(from, script, path);
  let broken: string | undefined;
  const [file = "", ...args] = [
    ...unshared(main, "-o", "ExitOnForwardFailure=yes", "-R", `127.0.0.1:${port}:${path}`),
    // It says that the port is there, and ends with its input.
    "echo open; exec cat",
  ];
  const forward = spawn(file, args, { stdio: "pipe", env: process.env });
  const close = () => {
    forward.stdin.end();
    forward.kill();
    end();
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    await opened(forward, (reason) => {
      broken = `the connection to main ended: ${reason}`;
    });
  } catch (error) {
    close();
    throw error;
  }
  return { broken: () => broken, close };
}

function opened(forward: ChildProcess, onEnd: (reason: string) => void): Promise<void> {
  let stderr = "";
  forward.stderr?.setEncoding("utf8").on("data", (text: string) => {
    stderr = (stderr + text).slice(-10_000);
  });
  forward.stdin?.on("error", () => undefined);
  return new Promise((resolve, reject) => {
    forward.stdout?.once("data", () => resolve());
    forward.on("error", reject);
    forward.on("close", (code) => {
      const reason = lastWords(stderr) || `ssh ended with ${code}`;
      onEnd(reason);
      reject(new UsageError(`main could not be given a way to the old server: ${reason}`));
    });
  });
}
