import * as debuggable from "@pulumi/pulumi/runtime/debuggable";
import "../../tools/cheapStacks";

/** The SDK's types leave it out. */
const { debuggablePromise } = debuggable as unknown as {
  debuggablePromise(promise: Promise<unknown>, context: string): Promise<unknown>;
};

/** What the SDK keeps for its report of leaks. */
const traceOf = (promise: Promise<unknown>) =>
  (promise as unknown as { _debugStackTrace: string })._debugStackTrace;

/** A fresh copy of the module, as a program that starts with this environment has it. */
function loadedWith(environment: NodeJS.ProcessEnv) {
  const { env } = process;
  const { prepareStackTrace } = Error;
  Error.prepareStackTrace = undefined as never;
  process.env = { ...env, ...environment };
  try {
    jest.isolateModules(() => require("../../tools/cheapStacks"));
    const promise = Promise.resolve();
    void debuggablePromise(promise, "a test");
    return traceOf(promise);
  } finally {
    process.env = env;
    Error.prepareStackTrace = prepareStackTrace;
  }
}

test("the SDK's promises have empty stack traces", () => {
  expect(loadedWith({})).toBe("");
});

test("they have them if somebody looks for leaks", () => {
  expect(loadedWith({ PULUMI_DEBUG_PROMISE_LEAKS: "true" })).toContain("debuggable");
});

test("every other error says where it comes from", () => {
  expect(new Error("a reason").stack).toMatch(/^Error: a reason\n {4}at .*cheapStacks\.test\.ts:\d+/);
});
