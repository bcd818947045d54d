/** Files that a client on the internet uploads, and what the media host then serves of them. */
import { statSync } from "node:fs";
import { join } from "node:path";
import { attempt, run } from "../../../tools/run";
import { until } from "../../../tools/until";
import type { Attachment } from "../../instance";
import type { Needs } from "../../world";

/** A video, or a picture. */
export interface Video {
  codec: string;
  /** As `640x360`. */
  size: string;
  seconds: number;
  megabytes: number;
}

export class Uploads {
  constructor(private readonly world: Needs<"browser" | "ffmpeg" | "folder" | "instance" | "stack">) {}

  file(name: string): string {
    return join(this.world.folder, name);
  }

  /** A test picture; it moves if the options say for how long. */
  async make(name: string, ...options: string[]): Promise<string> {
    const quiet = ["-nostdin", "-loglevel", "error", "-y"];
    const source = ["-f", "lavfi", "-i", "testsrc2=size=640x360:rate=25"];
    await run([this.world.ffmpeg, ...quiet, ...source, ...options, this.file(name)]);
    return this.file(name);
  }

  send(path: string, type: string) {
    return this.world.instance.upload(path, type);
  }

  /**
   * Waits until it is available; returns its address.
   *
   * @param meanwhile runs before each look
   */
  async ready({ id }: Attachment, seconds = 90, meanwhile = async () => {}): Promise<string> {
    let url: string | null = null;
    await until(`upload ${id} to be transcoded`, seconds, async () => {
      await meanwhile();
      url = (await this.world.instance.attachment(id)).body.url;
      return url !== null;
    });
    return String(url);
  }

  /** Downloads from the media host into a file; returns the answer's header, in lower case. */
  async fetch(url: string, to: string, ...options: string[]): Promise<string> {
    const { names } = this.world.stack;
    if (new URL(url).hostname !== names.media) throw new Error(`${url} is not at ${names.media}`);
    const saving = ["--fail", "--dump-header", "-", "--output", to];
    const { code, stdout, stderr } = await this.world.browser.browse(url, ...saving, ...options);
    if (code !== 0) throw new Error(`${url}: ${stderr}`);
    return stdout.toLowerCase();
  }

  async video(path: string): Promise<Video> {
    // Without an output file it prints what it has read, and exits with 1.
    const { stderr } = await attempt([this.world.ffmpeg, "-hide_banner", "-i", path]);
    const [, codec = "none", size = "none"] = /Stream .*Video: (\w+).*? (\d{2,}x\d{2,})/.exec(stderr) ?? [];
    const [, minutes, seconds] = /Duration: 00:(\d+):([\d.]+)/.exec(stderr) ?? [];
    return {
      codec,
      size,
      seconds: Number(minutes) * 60 + Number(seconds),
      megabytes: statSync(path).size / 1e6,
    };
  }
}
