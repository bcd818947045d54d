/**
 * The example stacks as this project ships them. Tests, golden files, the rehearsal and the bench use these. The files of the same names at
 * the top level start as copies and belong to the user: `npm test` has to pass with the user's own values and secrets in them.
 */
import { join } from "node:path";
import { readStackConfig, type StackConfig } from "./stackFile";

export const EXAMPLES = ["prod", "small", "staging"] as const;
export type Example = (typeof EXAMPLES)[number];

const ROOT = join(__dirname, "../..");
const FOLDER = "examples";

export const exampleFile = (name: Example) => join(ROOT, FOLDER, `Pulumi.${name}.yaml`);
export const readExample = (name: Example): StackConfig => readStackConfig(ROOT, name, FOLDER);
