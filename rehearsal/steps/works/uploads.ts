/** Files that somebody on the internet uploads, and what the media host then shows of them. */
import { statSync } from "node:fs";
import { join } from "node:path";
import type { Rehearsal } from "../../rehearsal";
import { attempt, run } from "../../run";
import { until } from "../../until";

/** Mastodon's, as far as it is looked at here. */
export interface Attachment {
  id: string;
  /** null until it can be seen. */
  url: string | null;
  preview_url: string;
}

export interface Video {
  codec: string;
  seconds: number;
  megabytes: number;
}

export class Uploads {
  constructor(private readonly rehearsal: Rehearsal) {}

  file(name: string): string {
    return join(this.rehearsal.folder, name);
  }

  /** A test picture, which moves where the options say for how long. */
  async make(name: string, ...options: string[]): Promise<string> {
    const quiet = ["-nostdin", "-loglevel", "error", "-y"];
    const source = ["-f", "lavfi", "-i", "testsrc2=size=640x360:rate=25"];
    await run([this.rehearsal.ffmpeg, ...quiet, ...source, ...options, this.file(name)]);
    return this.file(name);
  }

  send(path: string, type: string) {
    return this.ask("/api/v2/media", "--max-time", "60", "--form", `file=@${path};type=${type}`);
  }

  /** Its address, once it can be seen. */
  async ready({ id }: Attachment): Promise<string> {
    let url: string | null = null;
    await until(`upload ${id} to be transcoded`, 90, async () => {
      url = (await this.ask(`/api/v1/media/${id}`)).attachment.url;
      return url !== null;
    });
    return String(url);
  }

  private async ask(path: string, ...options: string[]): Promise<{ status: number; attachment: Attachment }> {
    const { stdout, stderr } = await this.rehearsal.web(path, "--write-out", "\\n%{http_code}", ...options);
    const [, body = "", code] = /^(.*)\n(\d+)$/s.exec(stdout) ?? [];
    const status = Number(code);
    if (status < 200 || status >= 300) throw new Error(`${path}: ${status}: ${body}${stderr}`);
    return { status, attachment: JSON.parse(body) as Attachment };
  }

  /** From the media host into a file; the answer's header, in lower case. */
  async fetch(url: string, to: string, ...options: string[]): Promise<string> {
    const { names } = this.rehearsal;
    if (new URL(url).hostname !== names.media) throw new Error(`${url} is not at ${names.media}`);
    const saving = ["--fail", "--dump-header", "-", "--output", to];
    const { code, stdout, stderr } = await this.rehearsal.browse(url, ...saving, ...options);
    if (code !== 0) throw new Error(`${url}: ${stderr}`);
    return stdout.toLowerCase();
  }

  async video(path: string): Promise<Video> {
    // Without a file to write it tells what it has read, and ends with 1.
    const { stderr } = await attempt([this.rehearsal.ffmpeg, "-hide_banner", "-i", path]);
    const [, codec = "none"] = /Stream .*Video: (\w+)/.exec(stderr) ?? [];
    const [, minutes, seconds] = /Duration: 00:(\d+):([\d.]+)/.exec(stderr) ?? [];
    return {
      codec,
      seconds: Number(minutes) * 60 + Number(seconds),
      megabytes: statSync(path).size / 1e6,
    };
  }
}
