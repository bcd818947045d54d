/** Media: a picture is available at once, a video after a worker has transcoded it; the media host serves both. */
import { readFileSync } from "node:fs";
import { CLIPS, clip } from "../../../lab/clips";
import { INTERNET } from "../../../lab/internet/addresses";
import type { Needs } from "../../world";
import type { Inputs } from "../step";
import { Uploads, type Video } from "./uploads";

const described = ({ codec, megabytes }: Video) => `${megabytes.toFixed(1)} MB ${codec}`;

export async function media(
  world: Inputs<"browser" | "ffmpeg" | "folder" | "instance" | "machines" | "outside" | "s3" | "stack">,
): Promise<void> {
  const { report } = world;
  const uploads = new Uploads(world);
  await report.check("a picture that is uploaded is served by the media host, in its size and small", () =>
    picture(uploads),
  );
  let url = "";
  await report.check(
    "a video that is uploaded to main is transcoded by a worker, from S3 and back, and served by the media host",
    async () => {
      const { figure, served } = await video(world, uploads);
      url = served;
      return figure;
    },
  );
  for (const kind of ["1080p60", "2160p30"] as const)
    await report.check(
      `a phone's ${kind} is transcoded by an ffmpeg that the kernel would kill before Sidekiq`,
      () => phone(world, uploads, kind),
    );
  await report.check("main caches what it has served, and gives a player the part that it asks for", () =>
    kept(uploads, url),
  );
  await report.check(
    "nobody lists the media or reads what is not public, at S3 or through the media host",
    () => unlisted(world, url),
  );
}

async function picture(uploads: Uploads): Promise<string> {
  const path = await uploads.make("picture.png", "-frames:v", "1");
  const { status, body: attachment } = await uploads.send(path, "image/png");
  if (status !== 200 || !attachment.url) throw new Error(`answered with ${status}: ${attachment.url}`);
  const [original, small] = [uploads.file("picture-served.png"), uploads.file("picture-small.png")];
  const header = await uploads.fetch(attachment.url, original);
  if (!header.includes("content-type: image/png")) throw new Error(header);
  // Not the same bytes: the picture is re-encoded, without a camera's metadata.
  const [sent, served] = [await uploads.video(path), await uploads.video(original)];
  if (served.codec !== sent.codec || served.size !== sent.size)
    throw new Error(`sent ${sent.codec} of ${sent.size}, served ${served.codec} of ${served.size}`);
  await uploads.fetch(attachment.preview_url, small);
  const { codec } = await uploads.video(small);
  if (codec !== "png") throw new Error(`the small picture is ${codec}`);
  return new URL(attachment.url).pathname;
}

/** Noise makes it large: above 15 MiB Mastodon uploads it to S3 in parts. */
const BEFORE = ["-t", "6", "-vf", "noise=alls=30:allf=t", "-c:v", "mjpeg", "-q:v", "2"];

async function video(world: Needs<"instance" | "s3" | "stack">, uploads: Uploads) {
  const path = await uploads.make("video.mov", ...BEFORE);
  const before = await uploads.video(path);
  // Main is the fallback for every queue, so it may transcode some of the videos.
  for (let sent = 1; sent <= 10; sent++) {
    const start = new Date();
    const { status, body: attachment } = await uploads.send(path, "video/quicktime");
    if (status !== 202) throw new Error(`the upload was answered with ${status}`);
    const served = await uploads.ready(attachment);
    const seconds = (Date.now() - start.getTime()) / 1000;
    const to = uploads.file("video-served.mp4");
    await uploads.fetch(served, to);
    const after = await uploads.video(to);
    if (after.codec !== "h264" || Math.abs(after.seconds - before.seconds) > 0.5)
      throw new Error(`${served}: ${described(after)}, ${after.seconds} s of ${before.seconds}`);
    const host = await world.instance.worker("PostProcessMediaWorker", start);
    if (host) {
      await inParts(world, served);
      const figure = `${described(before)} to ${described(after)} in ${seconds.toFixed(1)} s by ${host}, number ${sent}`;
      return { figure, served };
    }
  }
  throw new Error("ten videos, and none was done by a worker");
}

/**
 * Memory limits are not enforced in these machines (tests/hosts/memory.test.ts does that). This shows which process the kernel would kill
 * first.
 */
async function phone(world: Needs<"machines">, uploads: Uploads, kind: keyof typeof CLIPS): Promise<string> {
  const start = Date.now();
  const { status, body: attachment } = await uploads.send(await clip(CLIPS[kind]), "video/quicktime");
  if (status !== 202) throw new Error(`the upload was answered with ${status}`);
  const scores = new Set<string>();
  const machines = [world.machines.main(), ...world.machines.workers()];
  const served = await uploads.ready(attachment, 300, async () => {
    for (const machine of machines)
      for (const score of (await machine.run(SCORES)).split("\n").filter(Boolean)) scores.add(score);
  });
  if ([...scores].join() !== "1000") throw new Error(`ffmpeg's oom_score_adj: ${[...scores].join(", ")}`);
  const to = uploads.file(`${kind}.mp4`);
  await uploads.fetch(served, to);
  const { codec, size } = await uploads.video(to);
  const { width, height } = CLIPS[kind];
  if (codec !== "h264" || size !== `${width}x${height}`) throw new Error(`${served}: ${codec}, ${size}`);
  return `${size} in ${((Date.now() - start) / 1000).toFixed(1)} s`;
}

/** The scores of every ffmpeg in a container. The wrapper has the same name until it executes ffmpeg. */
const SCORES = `for pid in $(pgrep -x ffmpeg); do
  if [[ $(readlink /proc/$pid/exe) == */ffmpeg ]]; then cat /proc/$pid/oom_score_adj 2>/dev/null || true; fi
done`;

/** The original came in parts, and became an old version when it was transcoded. */
async function inParts({ s3, stack: { names } }: Needs<"s3" | "stack">, served: string): Promise<void> {
  const [key] = new URL(served).pathname.slice(1).split(".mp4");
  const versions = await s3.store.objects(names.mediaBucket);
  const original = versions.find((version) => version.key === `${key}.mov` && version.size > 0);
  if (!original || !/-\d+$/.test(original.etag)) throw new Error(`${key}.mov: ${JSON.stringify(original)}`);
  if (await s3.store.holds(names.mediaBucket, original.key))
    throw new Error(`${original.key} is still there`);
}

async function kept(uploads: Uploads, url: string): Promise<void> {
  const to = uploads.file("part");
  const again = await uploads.fetch(url, to);
  if (!again.includes("x-cache-status: hit")) throw new Error(again);
  const part = await uploads.fetch(url, to, "--header", "Range: bytes=100-199");
  if (!/content-range: bytes 100-199\/\d+/.test(part) || readFileSync(to).length !== 100)
    throw new Error(part);
}

/** What Mastodon keeps for one person alone: an archive of an account. */
const putArchive = (bucket: string, region: string) =>
  `export AWS_DEFAULT_REGION=${region} AWS_REQUEST_CHECKSUM_CALCULATION=when_required
   for name in AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY; do export "$name=$(docker exec web printenv $name)"; done
   aws s3 cp --no-progress /etc/hostname s3://${bucket}/backups/1.zip`;

async function unlisted(
  world: Needs<"browser" | "machines" | "outside" | "s3" | "stack">,
  url: string,
): Promise<void> {
  const { outside } = world;
  const { names, settings } = world.stack;
  await world.machines.main().run(putArchive(names.mediaBucket, settings.aws.region));
  if (!(await world.s3.store.holds(names.mediaBucket, "backups/1.zip"))) throw new Error("no archive");
  const s3 = async (bucket: string, path: string) => {
    const host = `${bucket}.s3.${settings.aws.region}.amazonaws.com`;
    const command = ["curl", "-sSk", "-o", "/dev/null", "-w", "%{http_code}", "--max-time", "10"];
    const resolve = ["--resolve", `${host}:443:${INTERNET.s3}`];
    return (await outside.attempt([...command, ...resolve, `https://${host}${path}`])).stdout;
  };
  const mediaHost = async (path: string) => {
    const status = ["-o", "/dev/null", "-w", "%{http_code}"];
    return (await world.browser.browse(`https://${names.media}${path}`, ...status)).stdout;
  };
  const { pathname } = new URL(url);
  const asked: [string, string, string][] = [
    ["200", "the video at S3", await s3(names.mediaBucket, pathname)],
    ["403", "the list of media", await s3(names.mediaBucket, "/?list-type=2")],
    ["403", "old versions", await s3(names.mediaBucket, "/?versions")],
    ["403", "somebody's archive", await s3(names.mediaBucket, "/backups/1.zip")],
    ["403", "the list of dumps", await s3(names.backupBucket, "/?list-type=2")],
    ["404", "the list, through the media host", await mediaHost("/?list-type=2")],
    ["404", "an archive, through the media host", await mediaHost("/backups/1.zip")],
  ];
  const wrong = asked.filter(([wanted, , found]) => found !== wanted);
  if (wrong.length > 0)
    throw new Error(wrong.map(([wanted, what, found]) => `${what}: ${found}, not ${wanted}`).join("; "));
}
