/** Videos as phones record them, which Mastodon has to convert: HEVC with 10 bits, and sound, in a .mov. */
import { cached } from "../tools/cache";
import { run } from "../tools/run";
import { ffmpegProgram } from "./ffmpeg";

export interface Clip {
  width: number;
  height: number;
  rate: number;
}

export const CLIPS = {
  "1080p60": { width: 1920, height: 1080, rate: 60 },
  // The largest that Mastodon accepts (MAX_VIDEO_MATRIX_LIMIT).
  "2160p30": { width: 3840, height: 2160, rate: 30 },
} as const satisfies Record<string, Clip>;

/** More frames than x264 keeps: from there on its memory no longer grows. */
const FRAMES = 45;

export async function clip({ width, height, rate }: Clip): Promise<string> {
  const ffmpeg = await ffmpegProgram();
  const source = `testsrc2=size=${width}x${height}:rate=${rate}`;
  const options = [
    ...["-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "log-level=error"],
    ...["-pix_fmt", "yuv420p10le", "-c:a", "aac", "-t", String(FRAMES / rate)],
  ];
  return cached("clip.mov", [ffmpeg, source, options], async (path) => {
    const input = ["-f", "lavfi", "-i", source, "-f", "lavfi", "-i", "sine"];
    await run([ffmpeg, "-nostdin", "-loglevel", "error", ...input, ...options, "-f", "mov", path], {
      timeout: 600,
    });
  });
}
