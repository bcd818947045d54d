/**
 * ts-node's own transpiler, swc, with a memory. A run loads some 160 files of the program, and half of its time to load was spent on
 * transpiling them anew (`npm run bench -- preview`). It is JavaScript, because ts-node loads it before it can load TypeScript.
 */
const { createHash } = require("node:crypto");
const { mkdirSync, readFileSync, renameSync, writeFileSync } = require("node:fs");
const { join } = require("node:path");
const swc = require("ts-node/transpilers/swc");

/** In the project, as that of tools/compileCache.ts: not in /tmp, where other users of the machine could put code. */
const FOLDER = join(__dirname, "../.cache/transpiled");
const VERSIONS = ["ts-node", "@swc/core"].map((name) => require(`${name}/package.json`).version);

/** @returns undefined if the folder cannot be read or written, which costs time and nothing else */
function ifPossible(what) {
  try {
    return what();
  } catch {
    return undefined;
  }
}

/** Whole or not at all: another process may read at this moment. */
function keep(file, output) {
  mkdirSync(FOLDER, { recursive: true });
  const whole = `${file}.${process.pid}`;
  writeFileSync(whole, JSON.stringify(output));
  renameSync(whole, file);
}

/** @type {import("ts-node").TranspilerFactory} */
exports.create = (options) => {
  const { service, nodeModuleEmitType } = options;
  const settings = [VERSIONS, service.config.options, nodeModuleEmitType];
  let own;
  return {
    transpile(input, place) {
      const of = JSON.stringify([settings, place.fileName, input]);
      const file = join(FOLDER, `${createHash("sha256").update(of).digest("hex")}.json`);
      const before = ifPossible(() => JSON.parse(readFileSync(file, "utf8")));
      if (before) return before;
      own ??= swc.create(options);
      const output = own.transpile(input, place);
      ifPossible(() => keep(file, output));
      return output;
    },
  };
};
