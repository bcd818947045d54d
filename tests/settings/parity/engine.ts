/** The real engine, asked what a program would get from two files: `pulumi preview` with a program that only listens. */
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { Server, ServerCredentials } from "@grpc/grpc-js";
import { LanguageRuntimeService } from "@pulumi/pulumi/proto/language_grpc_pb";
import {
  GetRequiredPackagesResponse,
  GetRequiredPluginsResponse,
  LanguageHandshakeResponse,
  type RunRequest,
  RunResponse,
} from "@pulumi/pulumi/proto/language_pb";
import { PluginInfo } from "@pulumi/pulumi/proto/plugin_pb";
import { type Outcome, type ParityCase, PROJECT, STACK, writeCase } from "./cases";

export class Engine {
  private readonly home = mkdtempSync(join(tmpdir(), "parity-engine-"));
  private readonly server = new Server();
  private heard: RunRequest | undefined;
  private environment: NodeJS.ProcessEnv = {};

  async start(): Promise<void> {
    const answer =
      <T>(response: T) =>
      (_call: unknown, callback: (error: null, value: T) => void) =>
        callback(null, response);
    const unused = Object.fromEntries(
      Object.keys(LanguageRuntimeService).map((method) => [method, (call: { end?(): void }) => call.end?.()]),
    );
    this.server.addService(LanguageRuntimeService as never, {
      ...unused,
      handshake: answer(new LanguageHandshakeResponse()),
      getPluginInfo: answer(new PluginInfo()),
      getRequiredPlugins: answer(new GetRequiredPluginsResponse()),
      getRequiredPackages: answer(new GetRequiredPackagesResponse()),
      run: (call: { request: RunRequest }, callback: (error: null, value: RunResponse) => void) => {
        this.heard = call.request;
        callback(null, new RunResponse());
      },
    });
    const port = await new Promise<number>((resolve, reject) =>
      this.server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, bound) =>
        error ? reject(error) : resolve(bound),
      ),
    );
    this.environment = {
      PATH: process.env.PATH,
      HOME: this.home,
      // Go prints a plain date in the machine's own zone.
      TZ: "UTC",
      PULUMI_HOME: this.home,
      PULUMI_BACKEND_URL: `file://${this.home}`,
      PULUMI_CONFIG_PASSPHRASE: "x",
      PULUMI_SKIP_UPDATE_CHECK: "true",
      PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true",
      PULUMI_DEBUG_LANGUAGES: `nodejs:${port}`,
    };
    writeFileSync(join(this.home, "Pulumi.yaml"), `name: ${PROJECT}\nruntime: nodejs\n`);
    await this.pulumi(this.home, "stack", "init", STACK);
  }

  /** What the program is handed, or the engine's refusal. */
  async ask(parityCase: ParityCase): Promise<Outcome> {
    const project = mkdtempSync(join(this.home, "case-"));
    writeCase(parityCase, project);
    this.heard = undefined;
    const refusal = await this.pulumi(project, "preview", "--stack", STACK);
    const heard = this.heard as RunRequest | undefined;
    if (!heard) return { refuses: refusal.replaceAll(project, ".").replaceAll(` ${hostname()} `, " HOST ") };
    return {
      config: Object.fromEntries(heard.getConfigMap().toArray()),
      secretKeys: heard.getConfigsecretkeysList().sort(),
    };
  }

  stop(): void {
    this.server.forceShutdown();
    rmSync(this.home, { recursive: true });
  }

  /** Runs the CLI and gives its first error, "" when there is none. */
  private pulumi(cwd: string, ...args: string[]): Promise<string> {
    const options = { cwd, env: this.environment };
    const flags = ["--non-interactive", "--color", "never"];
    return new Promise((resolve, reject) =>
      execFile("pulumi", [...args, ...flags], options, (error, stdout, stderr) => {
        if (error && typeof error.code !== "number") return reject(error);
        resolve(error ? errorIn(`${stderr}\n${stdout}`) : "");
      }),
    );
  }
}

function errorIn(output: string): string {
  const lines = output.split("\n").map((line) => line.trim());
  const error = lines.findIndex((line) => /^(error|panic):/.test(line));
  return lines.slice(Math.max(error, 0)).filter(Boolean).slice(0, 3).join(" ");
}
