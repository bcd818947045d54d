/** Builds the CLI where there is none, before the suites' workers would do it at once. */
import { pulumiCli } from "../../doubles/engine/cli";

export default async () => {
  const { version } = await pulumiCli();
  console.log(`\nPulumi ${version}`);
};
