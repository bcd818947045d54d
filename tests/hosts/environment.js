const { TestEnvironment } = require("jest-environment-node");

/** Ends a file's tests at the first that exceeds its time: its machine is stuck, and each test after it would take as long. */
module.exports = class extends TestEnvironment {
  stuck = false;

  handleTestEvent({ name, error, test }) {
    if (name === "test_fn_failure" || name === "hook_failure")
      this.stuck ||= /Exceeded timeout/.test(error?.message ?? error);
    // Those of a hook that failed say so themselves. In CI a test that is left out counts as failed, too.
    if (name === "test_start" && this.stuck && test.errors.length === 0) test.mode = "skip";
  }
};
