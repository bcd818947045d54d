/** Transcoding within the rendered memory limits: whatever is uploaded, no Sidekiq and no Puma is killed. */
import { chmodSync, constants, copyFileSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { CLIPS, clip } from "../../lab/clips";
import { ffmpegProgram } from "../../lab/ffmpeg";
import { attempt } from "../../tools/run";
import { type Container, containers } from "./memory/containers";
import { MemoryGroup } from "./memory/memoryGroup";
import { argumentsFor } from "./memory/transcoding";

const WRAPPER = join(__dirname, "../../services/containers/ffmpeg");
const SIDEKIQ = join(__dirname, "memory/sidekiq.py");
const KINDS = ["1080p60", "2160p30"] as const;
/** As a container's process: Mastodon's user, without any right to more. */
const UNPRIVILEGED =
  "setpriv --reuid 991 --regid 991 --clear-groups --no-new-privs --bounding-set -all --inh-caps -all";

/** Everything that the unprivileged process reads: a checkout or a cache may be root's alone. */
let folder: string;
let groups = 0;

const at = (name: string) => join(folder, name);

function copied(from: string, name: string): void {
  copyFileSync(from, at(name), constants.COPYFILE_FICLONE);
  chmodSync(at(name), 0o755);
}

beforeAll(async () => {
  folder = mkdtempSync("/var/tmp/mastodon-memory-");
  for (const name of ["bin", "container"]) mkdirSync(at(name));
  copied(await ffmpegProgram(), "bin/ffmpeg");
  copied(WRAPPER, "container/ffmpeg");
  copied(SIDEKIQ, "sidekiq.py");
  for (const kind of KINDS) copied(await clip(CLIPS[kind]), `${kind}.mov`);
  chmodSync(folder, 0o777);
}, 900_000);

afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Outcome {
  /** Of the Ruby process; 137: killed. */
  ruby: number;
  /** Of ffmpeg; -9: killed; undefined where nobody was left to tell. */
  ffmpeg: number | undefined;
  peakMiB: number;
}

/** @param program what Mastodon starts: the wrapper, or ffmpeg itself */
async function transcode(
  { rubyMiB, limitMiB, vcpus }: Omit<Container, "title">,
  kind: keyof typeof CLIPS,
  program = at("container/ffmpeg"),
): Promise<Outcome> {
  const group = MemoryGroup.create(`mastodon-memory-${process.pid}-${groups++}`, limitMiB);
  const cpus = `0-${Math.min(vcpus, availableParallelism()) - 1}`;
  const command = [
    ...[
      "taskset",
      "--cpu-list",
      cpus,
      ...UNPRIVILEGED.split(" "),
      "env",
      `PATH=${at("bin")}:${process.env.PATH}`,
    ],
    ...["python3", at("sidekiq.py"), String(rubyMiB), program],
    ...argumentsFor(at(`${kind}.mov`), at("out.mp4"), CLIPS[kind]),
  ];
  try {
    const { code, stdout, stderr } = await attempt(group.inside(command), { timeout: 280 });
    if (stderr !== "") process.stderr.write(stderr);
    return { ruby: code, ffmpeg: stdout === "" ? undefined : Number(stdout), peakMiB: group.peakMiB() };
  } finally {
    await group.remove();
  }
}

describe("memory", () => {
  const all = containers();

  test("every example has containers that transcode: web, and each Sidekiq with default, ingress or pull", () => {
    const titles = all.flatMap(({ title }) => title.split("; "));
    expect(titles.map((title) => title.replace(/ on [a-z0-9-]+:/, ":")).toSorted()).toEqual([
      "prod, main: sidekiq-default-1",
      "prod, main: sidekiq-default-2",
      "prod, main: web",
      "prod, main: web-next",
      "prod, workers-general: sidekiq-default-1",
      "prod, workers-general: sidekiq-default-2",
      "small, main: sidekiq-default-1",
      "small, main: web",
      "staging, main: sidekiq-push-1",
      "staging, main: web",
      "staging, workers-default: sidekiq-default-1",
    ]);
  });

  describe.each(all)("$title", (container) => {
    test.each(KINDS)("%s is transcoded, and nobody is killed", async (kind) => {
      const { ruby, ffmpeg, peakMiB } = await transcode(container, kind);
      process.stderr.write(`${container.title}, ${kind}: ${peakMiB} of ${container.limitMiB} MiB\n`);
      expect({ ruby, ffmpeg }).toEqual({ ruby: 0, ffmpeg: 0 });
    });
  });

  // What the limit of a process with 2 threads was, and what real Sidekiq took of it.
  const before = { rubyMiB: 420, limitMiB: 480, vcpus: 2 };

  test("where memory does not suffice ffmpeg is killed, and Ruby goes on", async () => {
    expect(await transcode(before, "1080p60")).toMatchObject({ ruby: 0, ffmpeg: -9 });
    expect(await transcode({ ...before, limitMiB: 1024 }, "2160p30")).toMatchObject({ ruby: 0, ffmpeg: -9 });
  });

  test("without the wrapper Ruby would be killed: this test can tell", async () => {
    expect(await transcode(before, "1080p60", "ffmpeg")).toMatchObject({ ruby: 137, ffmpeg: undefined });
  });
});
