/**
 * The SDK gives each of its promises a stack trace, for reports of leaks. Jest's source maps make those dear: two fifths of the
 * CPU time of a test that runs the program. Nobody reads them here, so they stay empty; all other errors keep their traces.
 */
const { runInThisContext } = require("node:vm");

/** Node's own, which jest maps to the sources; a test runs in a context with another one. */
const outer = runInThisContext("Error");
Error.prepareStackTrace = (error, frames) =>
  frames[0]?.getFunctionName() === "debuggablePromise" ? "" : outer.prepareStackTrace(error, frames);
