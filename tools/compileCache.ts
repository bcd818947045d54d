/** Keeps what V8 has compiled, so that the next preview loads faster. */
import { enableCompileCache } from "node:module";
import { join } from "node:path";

/** Not Node's default in /tmp, where other users of the machine could put code. */
const FOLDER = join(__dirname, "../.cache/node-compile-cache");

enableCompileCache(FOLDER);
