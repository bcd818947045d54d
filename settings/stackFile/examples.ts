/**
 * The worked examples as this project ships them. Tests, goldens, the rehearsal and the bench run on these. The files of the same
 * names at the top level begin as copies and belong to the user: with own values and secrets in them `npm test` has to pass.
 */
import { join } from "node:path";
import { readStackConfig, type StackConfig } from "./stackFile";

export const EXAMPLES = ["prod", "small", "staging"] as const;
export type Example = (typeof EXAMPLES)[number];

const ROOT = join(__dirname, "../..");
const FOLDER = "examples";

export const exampleFile = (name: Example) => join(ROOT, FOLDER, `Pulumi.${name}.yaml`);
export const readExample = (name: Example): StackConfig => readStackConfig(ROOT, name, FOLDER);
