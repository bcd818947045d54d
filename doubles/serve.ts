/** Serves a double over Pulumi's provider protocol: converts messages to plain values and back. */
import { Metadata, Server, ServerCredentials, type ServerUnaryCall, status } from "@grpc/grpc-js";
import { PluginInfo } from "@pulumi/pulumi/proto/plugin_pb";
import { ResourceProviderService } from "@pulumi/pulumi/proto/provider_grpc_pb";
import * as proto from "@pulumi/pulumi/proto/provider_pb";
import { Status } from "@pulumi/pulumi/proto/status_pb";
import { Any } from "google-protobuf/google/protobuf/any_pb";
import { Empty } from "google-protobuf/google/protobuf/empty_pb";
import { type JavaScriptValue, Struct } from "google-protobuf/google/protobuf/struct_pb";
import { check, type Failure, type Input } from "./inputs";
import { Panicked, type ProviderDouble, TimedOut } from "./provider";
import { plain, same, type Values } from "./values";

const valuesOf = (struct: Struct | undefined) => plain(struct?.toJavaScript() ?? {}) as Values;
const structOf = (values: Values) => Struct.fromJavaScript(values as { [key: string]: JavaScriptValue });

/** A provider that handles secrets returns them marked as it got them; for others the engine takes care. */
const answered = (double: ProviderDouble, outputs: Values, told: Struct | undefined) =>
  structOf(double.acceptsSecrets ? { ...outputs, ...(told?.toJavaScript() as Values) } : outputs);

/** A provider's own inputs travel as JSON in strings, unless they are strings. */
const decoded = (configuration: Values, inputs: Readonly<Record<string, Input>>) =>
  Object.fromEntries(
    Object.entries(configuration).map(([key, value]) => [
      key,
      typeof value === "string" && inputs[key] && inputs[key].type !== "string" ? JSON.parse(value) : value,
    ]),
  );

const failuresOf = (failures: readonly Failure[]) =>
  failures.map(({ property, reason }) => {
    const failure = new proto.CheckFailure();
    failure.setProperty(property);
    failure.setReason(reason);
    return failure;
  });

/** Methods of the protocol → the double's answers; other methods are not implemented. */
function methods(double: ProviderDouble) {
  return {
    attach: () => new Empty(),
    cancel: () => new Empty(),
    getPluginInfo: () => {
      const info = new PluginInfo();
      info.setVersion(require(`@pulumi/${double.package}/package.json`).version);
      return info;
    },
    checkConfig({ request }: ServerUnaryCall<proto.CheckRequest, unknown>) {
      const { version: _, ...news } = valuesOf(request.getNews());
      const { failures } = check(double.configuration, decoded(news, double.configuration));
      const response = new proto.CheckResponse();
      response.setInputs(request.getNews());
      response.setFailuresList(failuresOf(failures));
      return response;
    },
    diffConfig({ request }: ServerUnaryCall<proto.DiffRequest, unknown>) {
      const unchanged = same(valuesOf(request.getOldInputs()), valuesOf(request.getNews()));
      const response = new proto.DiffResponse();
      const { DIFF_NONE, DIFF_SOME } = proto.DiffResponse.DiffChanges;
      response.setChanges(unchanged ? DIFF_NONE : DIFF_SOME);
      return response;
    },
    configure(call: ServerUnaryCall<proto.ConfigureRequest, unknown>) {
      const { version: _, ...values } = valuesOf(call.request.getArgs());
      double.configure(call.getPeer(), decoded(values, double.configuration));
      const response = new proto.ConfigureResponse();
      response.setSupportspreview(true);
      response.setAcceptsecrets(double.acceptsSecrets);
      return response;
    },
    check({ request }: ServerUnaryCall<proto.CheckRequest, unknown>) {
      const { values, failures } = double.check(request.getUrn(), valuesOf(request.getNews()));
      const response = new proto.CheckResponse();
      // Marked secrets stay marked.
      const marked = (request.getNews()?.toJavaScript() ?? {}) as Values;
      response.setInputs(structOf({ ...values, ...marked }));
      response.setFailuresList(failuresOf(failures));
      return response;
    },
    diff({ request }: ServerUnaryCall<proto.DiffRequest, unknown>) {
      const [state, olds, news] = [request.getOlds(), request.getOldInputs(), request.getNews()].map(
        valuesOf,
      );
      const { changed, replaces, deleteBeforeReplace } = double.diff(
        request.getUrn(),
        state ?? {},
        olds ?? {},
        news ?? {},
      );
      const response = new proto.DiffResponse();
      const { DIFF_NONE, DIFF_SOME } = proto.DiffResponse.DiffChanges;
      response.setChanges(changed.length > 0 ? DIFF_SOME : DIFF_NONE);
      response.setDiffsList(changed);
      response.setReplacesList(replaces);
      response.setDeletebeforereplace(deleteBeforeReplace);
      return response;
    },
    async create(call: ServerUnaryCall<proto.CreateRequest, unknown>) {
      const { request } = call;
      const inputs = valuesOf(request.getProperties());
      const response = new proto.CreateResponse();
      if (request.getPreview()) {
        const outputs = double.preview(request.getUrn(), inputs);
        response.setProperties(answered(double, outputs, request.getProperties()));
        return response;
      }
      const { id, outputs } = await double.create(call.getPeer(), request.getUrn(), inputs);
      response.setId(id);
      response.setProperties(answered(double, outputs, request.getProperties()));
      return response;
    },
    async read(call: ServerUnaryCall<proto.ReadRequest, unknown>) {
      const { request } = call;
      const response = new proto.ReadResponse();
      const found = await double.read(
        call.getPeer(),
        request.getUrn(),
        request.getId(),
        valuesOf(request.getProperties()),
        valuesOf(request.getInputs()),
      );
      if (!found) return response;
      response.setId(request.getId());
      // A provider that stores nothing returns what it was given, marks of secrecy included.
      response.setProperties(double.stateless ? request.getProperties() : structOf(found.outputs));
      response.setInputs(double.stateless ? request.getInputs() : structOf(found.inputs));
      return response;
    },
    async update(call: ServerUnaryCall<proto.UpdateRequest, unknown>) {
      const { request } = call;
      const inputs = valuesOf(request.getNews());
      const response = new proto.UpdateResponse();
      const outputs = request.getPreview()
        ? double.preview(request.getUrn(), inputs, valuesOf(request.getOlds()))
        : await double.update(
            call.getPeer(),
            request.getUrn(),
            request.getId(),
            valuesOf(request.getOlds()),
            inputs,
          );
      response.setProperties(answered(double, outputs, request.getNews()));
      return response;
    },
    async delete(call: ServerUnaryCall<proto.DeleteRequest, unknown>) {
      const { request } = call;
      const state = valuesOf(request.getProperties());
      await double.delete(call.getPeer(), request.getUrn(), request.getId(), state);
      return new Empty();
    },
    invoke(call: ServerUnaryCall<proto.InvokeRequest, unknown>) {
      const { request } = call;
      const account = double.accountOf(call.getPeer());
      const response = new proto.InvokeResponse();
      response.setReturn(structOf(double.invoke(account, request.getTok(), valuesOf(request.getArgs()))));
      return response;
    },
  };
}

/** An error in the provider's form; if it contains an id, the resource stays in the state, to be handled later. */
function grpcError(error: Error) {
  const metadata = new Metadata();
  if (error instanceof TimedOut) {
    const half = new proto.ErrorResourceInitFailed();
    half.setId(error.id);
    half.setProperties(structOf(error.outputs));
    half.setReasonsList([error.message]);
    const detail = new Any();
    detail.pack(half.serializeBinary(), "pulumirpc.ErrorResourceInitFailed");
    const answer = new Status();
    answer.setCode(status.UNKNOWN);
    answer.setMessage(error.message);
    answer.addDetails(detail);
    metadata.add("grpc-status-details-bin", Buffer.from(answer.serializeBinary()));
  }
  const code = error instanceof Panicked ? status.UNAVAILABLE : status.UNKNOWN;
  return { code, details: error.message, metadata };
}

export interface Served {
  /** `PACKAGE:PORT`, in the form that PULUMI_DEBUG_PROVIDERS takes. */
  address: string;
  stop(): void;
}

export async function serve(double: ProviderDouble): Promise<Served> {
  // User data is large, and a bundle in a command's input is larger.
  const server = new Server({ "grpc.max_receive_message_length": -1 });
  const known = methods(double) as unknown as Record<string, (call: unknown) => unknown>;
  server.addService(
    ResourceProviderService as never,
    Object.fromEntries(
      Object.keys(ResourceProviderService).map((method) => [method, answering(known[method])]),
    ),
  );
  const port = await listen(server);
  return { address: `${double.package}:${port}`, stop: () => server.forceShutdown() };
}

const UNIMPLEMENTED = { code: status.UNIMPLEMENTED, details: "not needed" };

function answering(method: ((call: unknown) => unknown) | undefined) {
  return async (call: { emit?: unknown }, callback?: (error: unknown, value?: unknown) => void) => {
    if (!method) return callback?.(UNIMPLEMENTED);
    try {
      callback?.(null, await method(call));
    } catch (error) {
      callback?.(grpcError(error as Error));
    }
  };
}

export const listen = (server: Server) =>
  new Promise<number>((resolve, reject) =>
    server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, port) =>
      error ? reject(error) : resolve(port),
    ),
  );
