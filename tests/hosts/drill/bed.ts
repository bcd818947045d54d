/** Main with a repository in S3, and a machine that drills are held on; both are reached over real ssh. */
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { backupWriterPolicy } from "../../../components/bucketRules";
import { Authority } from "../../../lab/authority";
import { Machine } from "../../../lab/machine";
import { S3 } from "../../../lab/s3/networkS3";
import { mainHost } from "../../../machines/hosts";
import { drill, record } from "../../../operations/drill/drill";
import type { Outcome } from "../../../operations/drill/outcome";
import { withStackKey } from "../../../operations/ssh";
import type { Place } from "../../../operations/there";
import { type Result, run } from "../../../tools/run";
import { mainInputs } from "../../support/mainFixtures";
import { worstSecrets } from "../../support/worstSecrets";
import { commandLines, Lab, root, VOLUME_NAME } from "../lab";

const { names, settings } = mainInputs();
export const BUCKET = names.backupBucket;
const ADMINISTRATOR = JSON.stringify({
  Version: "2012-10-17",
  Statement: [{ Effect: "Allow", Action: "s3:*", Resource: "*" }],
});
type User = "writer" | "administrator";

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
}

export class DrillBed {
  private constructor(
    private readonly lab: Lab,
    readonly s3: S3<User>,
    readonly main: Machine,
    readonly machine: Machine,
    private readonly keys: { deploy: Key; main: Key; machine: Key },
  ) {}

  /** @param mib that the database has in addition */
  static async create(mib = 0): Promise<DrillBed> {
    const lab = await Lab.create();
    const authority = await Authority.create(join(lab.folder, "authority"));
    const s3 = await S3.start({
      network: lab.network,
      authority,
      folder: lab.folder,
      region: settings.aws.region,
      buckets: [BUCKET],
      users: { writer: backupWriterPolicy(`arn:aws:s3:::${BUCKET}`), administrator: ADMINISTRATOR },
    });
    const deploy = await keyPair(lab.folder, "deploy");
    const ofMachine = await keyPair(lab.folder, "machine");
    const { id, secret } = s3.keys.writer;
    const inputs = mainInputs({}, { ...worstSecrets, backupAccessKeyId: id, backupSecretAccessKey: secret });
    const main = await lab.machine(mainHost({ ...inputs, deployKey: deploy.public }), {
      overlay: commandLines,
    });
    const machine = await Machine.create({
      name: "drill",
      folder: lab.folder,
      base: await root(),
      network: lab.network,
      number: 60,
      userData: userDataOf(ofMachine),
      overlay: {
        ...commandLines,
        "/root/.ssh/authorized_keys": { content: `${deploy.public}\n`, mode: 0o600 },
      },
    });
    for (const one of [main, machine]) {
      authority.trustedBy(one);
      s3.knownTo(one);
    }
    await main.start();
    await machine.start();
    await main.attach(await lab.volume({ mib: 1024 + 4 * mib }), VOLUME_NAME);
    expect([await main.booted(), await machine.booted()]).toEqual(["done", "done"]);
    // Who reaches ssh is the subject of other tests.
    await main.run("nft destroy table inet mastodon");
    const bed = new DrillBed(lab, s3, main, machine, {
      deploy,
      main: { private: "", public: main.read("/etc/ssh/ssh_host_ed25519_key.pub") },
      machine: ofMachine,
    });
    await bed.sql(readFileSync(join(__dirname, "../dump/database.sql"), "utf8"));
    await bed.sql(readFileSync(join(__dirname, "database.sql"), "utf8"));
    // Text that can be compressed as text can, and its index.
    if (mib > 0)
      await bed.sql(
        `INSERT INTO statuses (account_id, text) SELECT 1 + i % 9999, repeat(md5(i::text), 6) FROM generate_series(1, ${mib * 3600}) AS i`,
      );
    await main.run("systemctl start mastodon-backup");
    return bed;
  }

  /** On main, as Postgres' administrator. */
  async sql(text: string): Promise<string> {
    const psql = "runuser -u postgres -- psql -qtAX -v ON_ERROR_STOP=1 -d mastodon";
    return (await this.main.run(psql, { input: text })).trim();
  }

  /** A drill as `npm run drill` holds it, from this machine. */
  drill({ between, ...changes }: Changes = {}): Promise<Outcome> {
    return withStackKey(this.keys.deploy.private, async (ssh) => {
      const to = (host: string, { public: hostKey }: Key) =>
        this.lab.network.inside(ssh({ host, hostKey: hostKey.split(" ").slice(0, 2).join(" ") }));
      const main: Place = { name: "main", command: to(this.main.address, this.keys.main) };
      const there = to(this.machine.address, this.keys.machine);
      const machine: Place = {
        name: "drill.example",
        command: between
          ? ["bash", "-c", BETWEEN, between, String(main.command.length), ...main.command, ...there]
          : there,
      };
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

  /** Flips a few bytes in the middle of a file of the newest backup. */
  async damage(key: RegExp): Promise<void> {
    const objects = await this.s3.objects("administrator", BUCKET);
    const newest = objects.findLast((one) => key.test(one.key))?.key ?? "";
    const file = join(this.lab.folder, "object");
    expect((await this.s3.request("administrator", "GET", BUCKET, newest, file)).status).toBe(200);
    const content = readFileSync(file);
    const middle = Math.floor(content.length / 2);
    for (let i = middle; i < middle + 16; i++) content[i] = (content[i] ?? 0) ^ 0xff;
    writeFileSync(file, content);
    expect((await this.s3.request("administrator", "PUT", BUCKET, newest, "-", file)).status).toBe(200);
  }

  status = (): Promise<Result> => this.main.attempt("mastodon-drill status");

  /** What is left on the machine. */
  async left(): Promise<string> {
    const { stdout } = await this.machine.attempt(
      `ls -d ${TRACES.join(" ")} 2>/dev/null; pgrep -au postgres`,
    );
    return stdout;
  }

  /** Processes of this machine that hold a connection to the drill's machine. */
  connections(): number[] {
    return readdirSync("/proc")
      .filter((name) => /^\d+$/.test(name))
      .map(Number)
      .filter((pid) => {
        try {
          const line = readFileSync(`/proc/${pid}/cmdline`, "utf8");
          return line.startsWith("ssh\0") && line.includes(`root@${this.machine.address}\0`);
        } catch {
          return false;
        }
      });
  }

  /** The result, and the arguments of every process that both machines ran meanwhile; none of them a secret. */
  async watched<T>(what: () => Promise<T>): Promise<{ result: T; seen: string }> {
    const both = [this.main, this.machine];
    for (const one of both)
      await one.run("systemd-run -q --unit=watching -p StandardOutput=file:/run/seen command-lines 0.01");
    const result = await what();
    let seen = "";
    for (const one of both) seen += await one.run("systemctl stop watching && cat /run/seen");
    const { repositoryKey, postgresPassword } = worstSecrets;
    for (const secret of [repositoryKey, postgresPassword, this.s3.keys.writer.secret])
      expect(seen).not.toContain(secret);
    return { result, seen };
  }

  async remove(): Promise<void> {
    await this.machine.remove();
    await this.lab.remove();
    this.s3.remove();
  }
}

async function keyPair(folder: string, name: string): Promise<Key> {
  const file = join(folder, `${name}-ssh-key`);
  await run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "", "-f", file]);
  return { private: readFileSync(file, "utf8"), public: readFileSync(`${file}.pub`, "utf8").trim() };
}

/** A Debian that ssh reaches as root, and nothing else. */
const userDataOf = (hostKey: Key) =>
  `#cloud-config\n${JSON.stringify({
    disable_root: false,
    ssh_keys: { ed25519_private: hostKey.private, ed25519_public: hostKey.public },
  })}\n`;

/** The bed, once it is made. */
export type Beds = () => DrillBed;
