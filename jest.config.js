const ESM = "(age-encryption|@noble|@scure)";

/** @type {import('jest').Config} */
module.exports = {
  testEnvironment: "node",
  roots: ["<rootDir>/tests"],
  testMatch: ["**/*.test.ts"],
  // They boot (`npm run test:hosts`), need the Pulumi CLI (`npm run test:engine`) or a browser (`npm run test:browser`).
  testPathIgnorePatterns: ["/node_modules/", "<rootDir>/tests/(hosts|engine|browser)/"],
  setupFiles: ["<rootDir>/tools/cheapStacks.ts"],
  // Types are checked once by `npm run lint`; swc only strips them (1 s a suite instead of 12 s).
  transform: {
    "^.+\\.ts$": ["@swc/jest", { jsc: { target: "es2022" } }],
    // ES modules, which Node requires as they are and jest cannot.
    [`/node_modules/${ESM}/.+\\.js$`]: [
      "@swc/jest",
      { jsc: { target: "es2022" }, module: { type: "commonjs" } },
    ],
  },
  transformIgnorePatterns: [`/node_modules/(?!${ESM}/)`],
  // What the SDK keeps on the global object is still used when a suite has ended; jest's warning of that never ends.
  testEnvironmentOptions: { globalsCleanup: "off" },
  // jest's context looks each of these up through an interceptor; as parameters of every module they are found at once.
  sandboxInjectedGlobals: ["Array", "Math", "Number", "Object"],
  // A core each, where jest would keep one free; and anew when it has grown, because the SDK lets go of nothing.
  maxWorkers: "100%",
  workerIdleMemoryLimit: "700MB",
  // ts-node's registered hook and the SDK's own typescript are not needed inside jest. Ten times what the slowest needs on a quiet machine.
  testTimeout: 120_000,
};
