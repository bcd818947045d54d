/**
 * Stands in for `pulumi-language-nodejs`, which comes only with the CLI's installer. It runs the program with production's own runner,
 * @pulumi/pulumi/cmd/run.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { Server, type ServerUnaryCall } from "@grpc/grpc-js";
import { LanguageRuntimeService } from "@pulumi/pulumi/proto/language_grpc_pb";
import * as proto from "@pulumi/pulumi/proto/language_pb";
import { PluginInfo } from "@pulumi/pulumi/proto/plugin_pb";
import { Empty } from "google-protobuf/google/protobuf/empty_pb";
import { listen } from "../serve";

/** The runner's exit code if it has already told the engine why (sdk/nodejs/cmd/run/run.ts). */
const ALREADY_TOLD = 32;

type Answer<T> = (error: null, response: T) => void;

export class LanguageHost {
  private readonly server = new Server();
  private engineAddress = "";
  /** Process id of the program that was started last. */
  programPid: number | undefined;

  /** @param environment further environment variables for the program */
  constructor(private readonly environment: NodeJS.ProcessEnv = {}) {}

  async start(): Promise<number> {
    const say =
      <T>(response: T) =>
      (_call: unknown, answer: Answer<T>) =>
        answer(null, response);
    const unused = Object.fromEntries(
      Object.keys(LanguageRuntimeService).map((method) => [method, (call: { end?(): void }) => call.end?.()]),
    );
    this.server.addService(LanguageRuntimeService as never, {
      ...unused,
      handshake: (
        { request }: ServerUnaryCall<proto.LanguageHandshakeRequest, unknown>,
        answer: Answer<proto.LanguageHandshakeResponse>,
      ) => {
        this.engineAddress = request.getEngineAddress();
        answer(null, new proto.LanguageHandshakeResponse());
      },
      getPluginInfo: say(new PluginInfo()),
      getRequiredPlugins: say(new proto.GetRequiredPluginsResponse()),
      getRequiredPackages: say(new proto.GetRequiredPackagesResponse()),
      cancel: say(new Empty()),
      run: (call: ServerUnaryCall<proto.RunRequest, unknown>, answer: Answer<proto.RunResponse>) => {
        const program = this.run(call.request, answer);
        // If the engine is gone or this host is stopped, the program would wait forever and keep this process's output open.
        call.on("cancelled", () => program.kill("SIGKILL"));
      },
    });
    return listen(this.server);
  }

  stop(): void {
    this.server.forceShutdown();
  }

  private run(request: proto.RunRequest, answer: Answer<proto.RunResponse>): ChildProcess {
    const info = request.getInfo();
    if (!info) throw new Error("no program");
    const directory = info.getProgramDirectory();
    const flags = {
      monitor: request.getMonitorAddress(),
      engine: this.engineAddress,
      organization: request.getOrganization(),
      project: request.getProject(),
      stack: request.getStack(),
      "root-directory": info.getRootDirectory(),
      pwd: directory,
      parallel: String(request.getParallel()),
    };
    const child = spawn(
      process.execPath,
      [
        require.resolve("@pulumi/pulumi/cmd/run"),
        ...Object.entries(flags).flatMap(([flag, value]) => [`--${flag}`, value]),
        ...(request.getDryrun() ? ["--dry-run"] : []),
        info.getEntryPoint(),
      ],
      {
        cwd: directory,
        env: {
          PATH: process.env.PATH,
          HOME: process.env.HOME,
          PULUMI_CONFIG: JSON.stringify(Object.fromEntries(request.getConfigMap().toArray())),
          PULUMI_CONFIG_SECRET_KEYS: JSON.stringify(request.getConfigsecretkeysList()),
          PULUMI_NODEJS_TYPESCRIPT: "true",
          ...this.environment,
        },
        stdio: ["ignore", "inherit", "inherit"],
      },
    );
    this.programPid = child.pid;
    child.on("exit", (code) => {
      const response = new proto.RunResponse();
      if (code === ALREADY_TOLD) response.setBail(true);
      else if (code !== 0) response.setError(`the program exited with ${code}`);
      answer(null, response);
    });
    return child;
  }
}
