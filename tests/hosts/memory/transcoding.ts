/** ffmpeg as Mastodon runs it. */
import type { Clip } from "../../../lab/clips";

/**
 * What follows `ffmpeg` (mastodon/mastodon:app/models/media_attachment.rb, VIDEO_FORMAT, and lib/paperclip/transcoder.rb, as of 4.6):
 * the bit rate is the largest for that size.
 */
export function argumentsFor(from: string, to: string, { width, height }: Clip): string[] {
  const bitrate = Math.floor(width * height * 30 * 0.11);
  const output = {
    loglevel: "fatal",
    preset: "veryfast",
    movflags: "faststart",
    pix_fmt: "yuv420p",
    vf: "crop=floor(iw/2)*2:floor(ih/2)*2",
    "c:v": "h264",
    "c:a": "aac",
    "b:a": "192k",
    map_metadata: "-1",
    "frames:v": "36000",
    "b:v": bitrate,
    maxrate: bitrate + 192_000,
    bufsize: bitrate * 5,
  };
  const options = Object.entries(output).flatMap(([name, value]) => [`-${name}`, String(value)]);
  return ["-nostdin", "-i", from, ...options, "-y", to];
}
