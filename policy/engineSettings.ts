/**
 * The stack's configuration as the engine has resolved it, from files, environments and encrypted values. The engine sends it to every
 * policy pack (ConfigureStack in analyzer.proto), but @pulumi/policy 1.21 keeps only the stack's tags. So its server's handler is wrapped.
 * If that no longer works, the pack fails instead of accepting everything.
 */
import { Server, type ServerUnaryCall, type UntypedHandleCall } from "@grpc/grpc-js";
import type { AnalyzerStackConfigureRequest } from "@pulumi/pulumi/proto/analyzer_pb";

const sent: { config?: Readonly<Record<string, string>> } = {};

type Configure = (call: ServerUnaryCall<AnalyzerStackConfigureRequest, unknown>, answer: unknown) => void;

/** Call this before the pack is served. */
export function listenToTheEngine(): void {
  const { addService } = Server.prototype;
  Server.prototype.addService = function (service, handlers) {
    const { configureStack, ...others } = handlers as { configureStack?: Configure };
    if (!configureStack) return addService.call(this, service, handlers);
    const listening: Configure = (call, answer) => {
      sent.config = Object.fromEntries(call.request.getConfigMap().toArray() as [string, string][]);
      configureStack(call, answer);
    };
    return addService.call(this, service, {
      ...others,
      configureStack: listening as unknown as UntypedHandleCall,
    });
  };
}

/** @throws Error if the engine has sent none */
export function engineConfig(): Readonly<Record<string, string>> {
  if (!sent.config)
    throw new Error(
      "The engine gave the policy pack no configuration. Update the Pulumi CLI (3.259.0 works).",
    );
  return sent.config;
}
