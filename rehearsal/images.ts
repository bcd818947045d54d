/**
 * Mastodon's two images in a copy of Docker's own folder: stand-ins under their official names, for which no registry is asked and
 * which take the real ones' commands and environment, or the real ones. For tests and rehearsals only.
 */
import { linkSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { ARCHITECTURE } from "./architecture";
import { keptCertificate } from "./authority";
import { debianRoot } from "./baseRoot";
import { cached } from "./cache";
import { ffmpegProgram } from "./ffmpeg";
import { Machine } from "./machine";
import { Network } from "./network";
import { run } from "./run";

const FILES = join(__dirname, "images", "mastodon");

/** UID of the official images' user. */
const MASTODON = 991;

const PACKAGES = [
  "ca-certificates",
  "curl",
  "node-ws",
  "nodejs",
  "puma",
  "ruby",
  "ruby-aws-sdk-s3",
  "ruby-connection-pool",
  "ruby-mail",
  "ruby-pg",
  "ruby-rack",
  "ruby-sidekiq",
];

/** As `docker inspect` shows the official image's configuration, as far as the hosts rely on it. */
export const CONFIGURATION = {
  Env: [
    "PATH=/opt/mastodon/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    "LANG=C.UTF-8",
    "RAILS_ENV=production",
    "NODE_ENV=production",
    "NODE_PATH=/usr/share/nodejs",
    "BIND=0.0.0.0",
    "MASTODON_SIDEKIQ_READY_FILENAME=sidekiq_process_has_started_and_will_begin_processing_jobs",
  ],
  WorkingDir: "/opt/mastodon",
  User: String(MASTODON),
};

/** The same as `docker import --change` takes it. */
const CHANGES = [
  ...CONFIGURATION.Env.map((variable) => `ENV ${variable}`),
  `WORKDIR ${CONFIGURATION.WorkingDir}`,
  `USER ${CONFIGURATION.User}`,
];

function contents(): Record<string, string> {
  const files = readdirSync(FILES, { recursive: true, withFileTypes: true }).filter((entry) =>
    entry.isFile(),
  );
  return Object.fromEntries(
    files.map(({ parentPath, name }) => {
      const path = join(parentPath, name);
      return [relative(FILES, path), readFileSync(path, "utf8")];
    }),
  );
}

/** The image as a tar file. */
export async function imageTar(): Promise<string> {
  const root = await debianRoot("mastodon-image", PACKAGES);
  const ffmpeg = await ffmpegProgram();
  const authority = await keptCertificate();
  return cached("mastodon-image.tar", [root, contents(), MASTODON, ffmpeg, authority], async (path) => {
    const image = `${path}.root`;
    try {
      await run(["cp", "-a", root, image]);
      await run(["cp", "-r", "--no-preserve=ownership", `${FILES}/.`, image]);
      await run(["install", ffmpeg, join(image, "usr/local/bin/ffmpeg")]);
      writeFileSync(join(image, "usr/local/share/ca-certificates/lab.crt"), authority);
      await run(["chroot", image, "update-ca-certificates"]);
      // Where Sidekiq says that it is ready: the process is not root.
      await run([
        "install",
        "-d",
        `--owner=${MASTODON}`,
        `--group=${MASTODON}`,
        join(image, "opt/mastodon/tmp"),
      ]);
      const tar = ["tar", "--create", `--file=${path}`, "--numeric-owner", "--exclude=./dev/*"];
      await run([...tar, `--directory=${image}`, "."]);
    } finally {
      rmSync(image, { recursive: true, force: true });
    }
  });
}

/** What containers are made of in a rehearsal. */
export const IMAGES = ["stand-ins", "real"] as const;
export type Images = (typeof IMAGES)[number];

const nameOf = (repository: string, release: string) => `ghcr.io/mastodon/${repository}:${release}`;

/** A real image as Docker loads it. A release's tag does not move. */
const pulled = (name: string): Promise<string> =>
  cached("mastodon-real", [name, ARCHITECTURE], async (path) => {
    const platform = ["--override-os", "linux", "--override-arch", ARCHITECTURE];
    await run([
      "skopeo",
      ...platform,
      "copy",
      "--quiet",
      `docker://${name}`,
      `docker-archive:${path}:${name}`,
    ]);
  });

/**
 * A folder for a machine's /var/lib/docker that holds the images of that release.
 *
 * @param base the hosts' root, whose Docker takes the images in
 * @param daemon content of /etc/docker/daemon.json
 */
export async function dockerFolder(
  base: string,
  daemon: string,
  release: string,
  images: Images = "stand-ins",
): Promise<string> {
  const [web, streaming] = [nameOf("mastodon", release), nameOf("mastodon-streaming", release)];
  if (images === "real") {
    const files = { "web.tar": await pulled(web), "streaming.tar": await pulled(streaming) };
    return dockerWith(
      { base, daemon, files },
      "docker load --quiet --input web.tar; docker load --quiet --input streaming.tar",
    );
  }
  const changes = CHANGES.map((change) => `--change '${change}'`).join(" ");
  return dockerWith(
    { base, daemon, files: { "image.tar": await imageTar() } },
    `docker tag "$(docker import ${changes} image.tar ${web})" ${streaming}`,
  );
}

interface Loading {
  base: string;
  daemon: string;
  files: Readonly<Record<string, string>>;
}

/** Docker's folder after that script has run beside those files. */
const dockerWith = ({ base, daemon, files }: Loading, script: string): Promise<string> =>
  cached("docker", [3, base, daemon, files, script], async (path) => {
    const folder = `${path}.machine`;
    const network = await Network.create(`images-${process.pid}`);
    const machine = await Machine.create({
      name: "images",
      folder,
      base,
      network,
      number: 2,
      userData: "#cloud-config\n{}\n",
      overlay: { "/etc/docker/daemon.json": { content: daemon } },
    });
    try {
      const load = join(machine.root, "../docker/load");
      mkdirSync(load);
      // They are large.
      for (const [name, file] of Object.entries(files)) linkSync(file, join(load, name));
      await machine.start();
      await machine.booted();
      await machine.run(
        `set -e; systemctl start docker; cd /var/lib/docker/load
         ${script}
         cd / && rm -r /var/lib/docker/load
         systemctl stop docker.socket docker containerd`,
      );
      await machine.stop();
      await run(["mv", join(folder, "images", "docker"), path]);
    } finally {
      await machine.remove();
      await network.remove();
      rmSync(folder, { recursive: true, force: true });
    }
  });
