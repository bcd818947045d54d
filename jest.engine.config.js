/** The program under the real engine, with doubles of its providers: `npm run test:engine`. */
/** @type {import('jest').Config} */
module.exports = {
  ...require("./jest.config.js"),
  roots: ["<rootDir>/tests/engine"],
  testPathIgnorePatterns: ["/node_modules/"],
  globalSetup: "<rootDir>/tests/engine/setup.ts",
  testTimeout: 600_000,
  // Each waits for a CLI and a program, which run one after the other: a core for each suite, where jest would keep one free.
  maxWorkers: "100%",
};
