/** Main with a repository in its bucket, and a machine that drills are held on; both are reached over real ssh. */
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Machine } from "../../../lab/machine";
import { drill, record } from "../../../operations/drill/drill";
import type { Outcome } from "../../../operations/drill/outcome";
import { container, DEFAULT_FOLDER, IMAGE } from "../../../operations/drill/stackDrill";
import { withStackKey } from "../../../operations/ssh";
import type { Place } from "../../../operations/there";
import { type Result, run } from "../../../tools/run";
import { worstSecrets } from "../../support/worstSecrets";
import { BucketBed } from "../bucketBed";
import { commandLines, root } from "../lab";

/** Where a drill leaves its traces. */
const TRACES = ["/var/lib/mastodon-drill", "/run/mastodon-drill"];

/** Runs $0 by the first $1 words, then what follows them. */
const BETWEEN = `n=$1; shift; "\${@:1:n}" "$0" </dev/null >&2 && exec "\${@:n+1}"`;

interface Key {
  private: string;
  public: string;
}

export interface Changes {
  repositoryKey?: string;
  folder?: string;
  progress?: (line: string) => void;
  /** A shell command that runs on main when the drill turns to its machine. */
  between?: string;
  /** In a container on the machine, as `--on docker` has it, instead of on the machine itself. */
  docker?: boolean;
}

export class DrillBed extends BucketBed {
  /** That drills are held on. */
  machine!: Machine;
  private keys!: { deploy: Key; machine: Key };

  /** @param mib that the database has in addition */
  static async create(mib = 0): Promise<DrillBed> {
    const [lab, bucket] = await BucketBed.ground();
    const bed = new DrillBed(lab, bucket, {});
    bed.keys = { deploy: await keyPair(lab.folder, "deploy"), machine: await keyPair(lab.folder, "machine") };
    await bed.newMain();
    await bed.newMachine();
    await bed.main.start();
    await bed.machine.start();
    expect([await bed.main.booted(), await bed.machine.booted()]).toEqual(["done", "done"]);
    // Who reaches ssh, and by which keys, is the subject of other tests.
    await bed.main.run(
      `nft destroy table inet mastodon && echo '${bed.keys.deploy.public}' >>/etc/ssh/authorized_keys.d/root`,
    );
    await bed.afterUp();
    await bed.fill();
    await bed.sql(readFileSync(join(__dirname, "database.sql"), "utf8"));
    // Text that can be compressed as text can, and its index.
    if (mib > 0)
      await bed.sql(
        `INSERT INTO statuses (account_id, text) SELECT 1 + i % 9999, repeat(md5(i::text), 6) FROM generate_series(1, ${mib * 3600}) AS i`,
      );
    await bed.main.run("systemctl start mastodon-backup");
    return bed;
  }

  /** A Debian that ssh reaches as root, and nothing else. */
  private async newMachine(): Promise<void> {
    const { deploy, machine } = this.keys;
    const config = {
      disable_root: false,
      ssh_keys: { ed25519_private: machine.private, ed25519_public: machine.public },
    };
    this.machine = await Machine.create({
      name: "drill",
      folder: this.lab.folder,
      base: await root(),
      network: this.lab.network,
      number: 60,
      userData: `#cloud-config\n${JSON.stringify(config)}\n`,
      overlay: {
        ...commandLines,
        "/root/.ssh/authorized_keys": { content: `${deploy.public}\n`, mode: 0o600 },
      },
    });
    this.bucket.knownTo(this.machine);
  }

  /** A drill as `npm run drill` holds it, from this machine. */
  drill({ between, docker = false, ...changes }: Changes = {}): Promise<Outcome> {
    return withStackKey(this.keys.deploy.private, async (sshTo) => {
      const to = ({ address }: Machine, key: string) =>
        this.lab.network.inside(sshTo({ host: address, hostKey: key.split(" ").slice(0, 2).join(" ") }));
      const main: Place = {
        name: "main",
        command: to(this.main, this.main.read("/etc/ssh/ssh_host_ed25519_key.pub")),
      };
      const ssh = to(this.machine, this.keys.machine.public);
      const there = docker ? [...ssh, ...container(DEFAULT_FOLDER)] : ssh;
      const first = ["bash", "-c", BETWEEN, between ?? "", String(main.command.length), ...main.command];
      const machine: Place = { name: "drill.example", command: between ? [...first, ...there] : there };
      const outcome = await drill({
        main,
        machine,
        repositoryKey: worstSecrets.repositoryKey,
        nextMajor: () => 0,
        folder: "/var/lib",
        progress: () => undefined,
        ...changes,
      });
      await record(main, outcome);
      return outcome;
    });
  }

  /** Starts Docker on the machine, with an image under the name of Debian's that has what the machine has: here no package can be fetched. */
  async startDocker(): Promise<void> {
    const settings = { bridge: "none", iptables: false, ip6tables: false };
    this.machine.write("/etc/docker/daemon.json", JSON.stringify(settings));
    const without = [
      "./proc",
      "./sys",
      "./dev",
      "./run",
      "./usr/share/doc",
      "./usr/share/locale",
      "./usr/lib/modules",
    ];
    await this.machine.run(
      `systemctl start docker && tar -C / --one-file-system ${without.map((path) => `--exclude=${path}/*`).join(" ")} -c . | docker import - ${IMAGE}`,
      { timeout: 600 },
    );
  }

  /** Flips a few bytes in the middle of a file of the newest backup. */
  async damage(key: RegExp): Promise<void> {
    const newest = (await this.bucket.objects()).findLast((one) => key.test(one.key))?.key ?? "";
    const file = join(this.lab.folder, "object");
    expect((await this.bucket.request("administrator", "GET", newest, file)).status).toBe(200);
    const content = readFileSync(file);
    const middle = Math.floor(content.length / 2);
    for (let i = middle; i < middle + 16; i++) content[i] = (content[i] ?? 0) ^ 0xff;
    writeFileSync(file, content);
    expect((await this.bucket.request("administrator", "PUT", newest, "-", file)).status).toBe(200);
  }

  status = (): Promise<Result> => this.main.attempt("mastodon-drill status");

  /** What is left on the machine. */
  async left(): Promise<string> {
    const { stdout } = await this.machine.attempt(
      `ls -d ${TRACES.join(" ")} 2>/dev/null; pgrep -au postgres`,
    );
    return stdout;
  }

  /** This process' own connections to the drill's machine: other tests use the same addresses, in other networks. */
  connections(): number[] {
    return readdirSync("/proc")
      .filter((name) => /^\d+$/.test(name))
      .map(Number)
      .filter((pid) => {
        try {
          const line = readFileSync(`/proc/${pid}/cmdline`, "utf8");
          const parent = /^PPid:\s+(\d+)$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
          return Number(parent) === process.pid && line.includes(`root@${this.machine.address}\0`);
        } catch {
          return false;
        }
      });
  }

  /** The result, and what the drill's machine ran meanwhile: the same as main's must have. */
  async watchedOnBoth<T>(what: () => Promise<T>): Promise<{ result: T; seen: string }> {
    await this.machine.run(
      "systemd-run -q --unit=watching -p StandardOutput=file:/run/seen command-lines 0.01",
    );
    const { result } = await this.watched(what);
    const seen = await this.machine.run("systemctl stop watching && cat /run/seen");
    for (const secret of [worstSecrets.repositoryKey, this.bucket.secrets.backupSecretAccessKey])
      expect(seen).not.toContain(secret);
    return { result, seen };
  }

  override async remove(): Promise<void> {
    await this.machine?.remove();
    await super.remove();
  }
}

async function keyPair(folder: string, name: string): Promise<Key> {
  const file = join(folder, `${name}-ssh-key`);
  await run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "", "-f", file]);
  return { private: readFileSync(file, "utf8"), public: readFileSync(`${file}.pub`, "utf8").trim() };
}
