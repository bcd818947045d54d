/** S3 is down for a minute: only what needs it fails. */
import { setTimeout as sleep } from "node:timers/promises";
import type { Needs } from "../../world";
import { Uploads } from "../works/uploads";

const MINUTE_MS = 60_000;

export async function withoutS3(
  world: Needs<"browser" | "ffmpeg" | "folder" | "instance" | "s3" | "stack">,
): Promise<void> {
  const uploads = new Uploads(world);
  const path = await uploads.make("before.png", "-frames:v", "1");
  const { body: attachment } = await uploads.send(path, "image/png");
  const kept = String(attachment.url);
  await uploads.fetch(kept, uploads.file("kept.png"));
  world.s3.down();
  try {
    const end = Date.now() + MINUTE_MS;
    const refused = await uploads.send(path, "image/png").then(
      () => undefined,
      (error: Error) => error.message,
    );
    if (!refused?.includes(": 503:")) throw new Error(`an upload while S3 is away: ${refused ?? "taken"}`);
    while (Date.now() < end) {
      const { stdout, stderr } = await world.browser.web("/health");
      if (stdout !== "OK") throw new Error(`the site, while S3 is away: ${stdout}${stderr}`);
      await uploads.fetch(kept, uploads.file("kept.png"));
      await sleep(5000);
    }
  } finally {
    await world.s3.up();
  }
  const again = await uploads.send(path, "image/png");
  await uploads.fetch(String(again.body.url), uploads.file("after.png"));
}
