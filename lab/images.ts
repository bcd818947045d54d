/**
 * Mastodon's two images in a copy of Docker's own folder, for tests and rehearsals only. They are either the real ones, or stand-ins under
 * their official names, which need no registry and take the real ones' commands and environment.
 */
import {
  appendFileSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join, relative } from "node:path";
import { cached } from "../tools/cache";
import { run } from "../tools/run";
import { ARCHITECTURE } from "./architecture";
import { keptCertificate } from "./authority";
import { debianRoot } from "./baseRoot";
import { ffmpegProgram } from "./ffmpeg";
import { Machine } from "./machine";
import { Network } from "./network";

/** UID of the official images' user. */
const MASTODON = 991;

/** In the form that `docker inspect` shows an image's configuration. */
export interface Configuration {
  Env: string[];
  WorkingDir: string;
  User: string;
  Entrypoint?: string[];
  Cmd?: string[];
}

interface StandIn {
  /** Debian's packages; as in the official images, streaming has none of Ruby's, and the other has none of Node's. */
  packages: readonly string[];
  configuration: Configuration;
  /** What it has in addition to packages and its own files. */
  finish(root: string): Promise<unknown>;
}

const COMMON = { WorkingDir: "/opt/mastodon", User: "mastodon" };

/**
 * CPU seconds that a stand-in uses where Mastodon loads Rails: measured with Sidekiq of 4.6.5 (9 to 10). Tests that start containers
 * repeatedly, and measure none of it, ask for less.
 */
export const BOOT_CPU_SECONDS = 9.5;

/** By their names in GitHub's registry; configurations as in mastodon/mastodon:Dockerfile and streaming/Dockerfile. */
export const STAND_INS = {
  mastodon: {
    packages: [
      "ca-certificates",
      "curl",
      "file",
      "procps",
      "puma",
      "ruby",
      "ruby-aws-sdk-s3",
      "ruby-connection-pool",
      "ruby-mail",
      "ruby-pg",
      "ruby-rack",
      "ruby-sidekiq",
      "tini",
    ],
    configuration: {
      ...COMMON,
      Env: [
        "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/opt/ruby/bin:/opt/mastodon/bin",
        "LANG=C.UTF-8",
        "RAILS_ENV=production",
        "NODE_ENV=production",
        "RAILS_SERVE_STATIC_FILES=true",
        "RUBY_YJIT_ENABLE=1",
        "BIND=0.0.0.0",
        "MASTODON_SIDEKIQ_READY_FILENAME=sidekiq_process_has_started_and_will_begin_processing_jobs",
      ],
      Entrypoint: ["/usr/bin/tini", "--"],
    },
    finish: async (root) => run(["install", await ffmpegProgram(), join(root, "usr/local/bin/ffmpeg")]),
  },
  "mastodon-streaming": {
    packages: ["ca-certificates", "curl", "nodejs"],
    configuration: {
      ...COMMON,
      Env: [
        "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        "BIND=0.0.0.0",
        "PORT=4000",
        "NODE_ENV=production",
      ],
      Cmd: ["node", "./streaming/index.js"],
    },
    finish: (root) =>
      run(["npm", "ci", "--silent", "--ignore-scripts", "--prefix", join(root, "opt/mastodon/streaming")]),
  },
} satisfies Record<string, StandIn>;

export type ImageName = keyof typeof STAND_INS;
export const IMAGE_NAMES = Object.keys(STAND_INS) as ImageName[];

/** The image's configuration, for containers that use this much CPU to boot. */
export function configurationOf(name: ImageName, bootCpuSeconds = BOOT_CPU_SECONDS): Configuration {
  const { configuration } = STAND_INS[name];
  return { ...configuration, Env: [...configuration.Env, `STAND_IN_BOOT_CPU_SECONDS=${bootCpuSeconds}`] };
}

/** The same in the form of `docker import --change`. */
function changes(name: ImageName, bootCpuSeconds: number): string {
  const { Env, WorkingDir, User, Entrypoint, Cmd } = configurationOf(name, bootCpuSeconds);
  return [
    ...Env.map((variable) => `ENV ${variable}`),
    `WORKDIR ${WorkingDir}`,
    `USER ${User}`,
    ...(Entrypoint ? [`ENTRYPOINT ${JSON.stringify(Entrypoint)}`] : []),
    ...(Cmd ? [`CMD ${JSON.stringify(Cmd)}`] : []),
  ]
    .map((change) => `--change '${change}'`)
    .join(" ");
}

const filesOf = (name: ImageName) => join(__dirname, "images", name);

function contents(folder: string): Record<string, string> {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) =>
    entry.isFile(),
  );
  return Object.fromEntries(
    files.map(({ parentPath, name }) => {
      const path = join(parentPath, name);
      return [relative(folder, path), readFileSync(path, "utf8")];
    }),
  );
}

/** A stand-in as a tar file. */
export async function imageTar(name: ImageName): Promise<string> {
  const { packages, finish } = STAND_INS[name];
  const root = await debianRoot(`image-${name}`, packages, { suite: "forky" });
  const authority = await keptCertificate();
  const recipe = [root, contents(filesOf(name)), MASTODON, String(finish), authority];
  return cached(`image-${name}.tar`, recipe, async (path) => {
    const image = `${path}.root`;
    try {
      await run(["cp", "-a", root, image]);
      await run(["cp", "-r", "--no-preserve=ownership", `${filesOf(name)}/.`, image]);
      appendFileSync(
        join(image, "etc/passwd"),
        `mastodon:x:${MASTODON}:${MASTODON}::/opt/mastodon:/bin/sh\n`,
      );
      appendFileSync(join(image, "etc/group"), `mastodon:x:${MASTODON}:\n`);
      await finish(image);
      writeFileSync(join(image, "usr/local/share/ca-certificates/lab.crt"), authority);
      await run(["chroot", image, "update-ca-certificates"]);
      // Sidekiq writes its ready file there, and the process is not root.
      const owner = [`--owner=${MASTODON}`, `--group=${MASTODON}`];
      await run(["install", "-d", ...owner, join(image, "opt/mastodon/tmp")]);
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

/** Where Mastodon's own images come from. */
export const REGISTRY = "ghcr.io";

/** Seconds for some 1.4 GB from a registry, or into Docker. */
const LARGE_SECONDS = 1800;

/** A real image in the form that Docker loads, under its official name. A release's tag does not move. */
const pulled = (image: string, registry: string): Promise<string> =>
  cached("mastodon-real", [image, registry, ARCHITECTURE], async (path) => {
    const platform = ["--override-os", "linux", "--override-arch", ARCHITECTURE];
    // As in Docker: a registry on this machine needs no TLS.
    const plain = /^(localhost|127\.0\.0\.1)(:|$)/.test(registry) ? ["--src-tls-verify=false"] : [];
    const [from, to] = [`docker://${registry}/${image}`, `docker-archive:${path}:${REGISTRY}/${image}`];
    await run(["skopeo", ...platform, "copy", "--quiet", ...plain, from, to], { timeout: LARGE_SECONDS });
  });

/** Loads an image and makes it trust the lab's authority, for the lab's S3 and mail relay. Nothing else of it changes. */
const loadTrusting = (file: string, name: string, authority: string) => `
docker load --quiet --input ${file}
rm -rf context && mkdir context && cat >context/lab.crt <<'END'
${authority.trim()}
END
cat >context/Dockerfile <<'END'
FROM ${name}
USER root
COPY lab.crt /usr/local/share/ca-certificates/
RUN update-ca-certificates
USER mastodon
END
DOCKER_BUILDKIT=0 docker build --quiet --network none --tag ${name} context`;

/** Another release of the stand-ins: the same files, but for streaming's where its code is another. */
export interface OtherRelease {
  release: string;
  streaming: "same" | "changed";
  /** Whether it has migrations of both kinds (images/mastodon/opt/mastodon/lib/release.rb). */
  keypairs?: boolean;
  /** What of it does not start. */
  broken?: "web" | "sidekiq";
}

const otherReleaseOf = (release: string, { release: other, streaming, keypairs, broken }: OtherRelease) =>
  IMAGE_NAMES.map((name) => {
    const image = `${REGISTRY}/mastodon/${name}`;
    const own = [
      `ENV STAND_IN_RELEASE=${other}`,
      ...(keypairs
        ? ["ENV STAND_IN_KEYPAIRS=true", "USER root", "RUN cp -r keypairs/db .", "USER mastodon"]
        : []),
      ...(broken ? [`ENV STAND_IN_BROKEN=${broken}`] : []),
    ];
    const changed = [
      "USER root",
      `RUN echo '// ${other}' >>/opt/mastodon/streaming/index.js`,
      "USER mastodon",
    ];
    const lines = [
      `FROM ${image}:${release}`,
      `LABEL release=${other}`,
      ...(name === "mastodon" ? own : streaming === "changed" ? changed : []),
    ];
    return `rm -rf context && mkdir context && cat >context/Dockerfile <<'END'
${lines.join("\n")}
END
DOCKER_BUILDKIT=0 docker build --quiet --network none --tag ${image}:${other} context`;
  }).join("\n");

export interface DockerFolderArgs {
  /** The hosts' root, whose Docker loads the images. */
  base: string;
  /** Content of /etc/docker/daemon.json. */
  daemon: string;
  release: string;
  /** Further ones of the stand-ins. */
  otherReleases?: readonly OtherRelease[];
  images?: Images;
  /** Where real ones are pulled from. */
  registry?: string;
  /** For stand-ins. */
  bootCpuSeconds?: number;
}

/** A folder for a machine's /var/lib/docker that contains the images of that release. */
export async function dockerFolder({
  base,
  daemon,
  release,
  images = "stand-ins",
  registry = REGISTRY,
  otherReleases = [],
  bootCpuSeconds = BOOT_CPU_SECONDS,
}: DockerFolderArgs): Promise<string> {
  const files: Record<string, string> = {};
  const script: string[] = [];
  for (const name of IMAGE_NAMES) {
    const image = `mastodon/${name}:${release}`;
    const full = `${REGISTRY}/${image}`;
    const file = `${name}.tar`;
    files[file] = await (images === "real" ? pulled(image, registry) : imageTar(name));
    script.push(
      images === "real"
        ? loadTrusting(file, full, await keptCertificate())
        : `docker import ${changes(name, bootCpuSeconds)} ${file} ${full}`,
    );
  }
  script.push(...otherReleases.map((other) => otherReleaseOf(release, other)));
  return dockerWith({ base, daemon, files }, script.join("\n"));
}

interface Loading {
  base: string;
  daemon: string;
  files: Readonly<Record<string, string>>;
}

/** Docker's folder after the script has run with these files. */
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
        { timeout: LARGE_SECONDS },
      );
      await machine.stop();
      await run(["mv", join(folder, "images", "docker"), path]);
    } finally {
      await machine.remove();
      await network.remove();
      rmSync(folder, { recursive: true, force: true });
    }
  });
