/** ffmpeg as one static program: Debian's needs 450 MB of libraries for screens and sound cards. */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { pypiPackage } from "../tools/pypi";

const FFMPEG = { package: "imageio-ffmpeg", version: "0.7.0" };

export async function ffmpegProgram(): Promise<string> {
  const folder = join(await pypiPackage(FFMPEG), "imageio_ffmpeg", "binaries");
  const program = readdirSync(folder).find((name) => name.startsWith("ffmpeg-"));
  if (!program) throw new Error(`no ffmpeg in ${folder}`);
  return join(folder, program);
}
