/** Hosts in real roots and systemd containers: `npm run test:hosts`. */
/** @type {import('jest').Config} */
module.exports = {
  ...require("./jest.config.js"),
  roots: ["<rootDir>/tests/machines"],
  testPathIgnorePatterns: ["/node_modules/"],
  testTimeout: 300_000,
};
