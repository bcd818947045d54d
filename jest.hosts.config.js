/** Hosts in real roots and systemd containers: `npm run test:hosts`. */
/** @type {import('jest').Config} */
module.exports = {
  ...require("./jest.config.js"),
  roots: ["<rootDir>/tests/hosts", "<rootDir>/tests/fleet"],
  testMatch: ["<rootDir>/tests/hosts/**/*.test.ts", "<rootDir>/tests/fleet/sizes.test.ts"],
  testPathIgnorePatterns: ["/node_modules/"],
  testEnvironment: "<rootDir>/tests/hosts/environment.js",
  globalSetup: "<rootDir>/tests/hosts/prepare.ts",
  reporters: ["default", "<rootDir>/tests/hosts/sections.js"],
  testTimeout: 600_000,
  testSequencer: "<rootDir>/tests/hosts/sequencer.js",
  // One more than the cores that it was measured on: what boots or waits for a service takes no core half of the time.
  maxWorkers: 3,
};
