/**
 * The SDK gives each of its promises a stack trace, which it prints only if PULUMI_DEBUG_PROMISE_LEAKS is set. Mapping those traces to the
 * sources took a third of a preview's CPU time (`npm run bench -- preview`), so they stay empty. All other errors keep theirs.
 */
import { runInThisContext } from "node:vm";

/** Node's own, which has the source maps. A test runs in a context with another one. */
const { prepareStackTrace } = runInThisContext("Error") as ErrorConstructor;

if (prepareStackTrace && !process.env.PULUMI_DEBUG_PROMISE_LEAKS)
  Error.prepareStackTrace = (error, frames) =>
    frames[0]?.getFunctionName() === "debuggablePromise" ? "" : prepareStackTrace(error, frames);
