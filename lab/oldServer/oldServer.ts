/**
 * A server that an instance moves away from: Debian 11 with Postgres 13 and Redis 6, or Debian 13 with main's own versions, Mastodon first as
 * units of systemd, then in containers of docker-compose. What runs there as Mastodon does nothing: only its files and its databases are looked at.
 */
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { run } from "../../tools/run";
import { oldServerRoot } from "../baseRoot";
import { Machine, type Overlay } from "../machine";
import { Network } from "../network";
import { TIMESTAMP_ID } from "../timestampId";

const NUMBER = 200;
export const LIVE = "/home/mastodon/live";
/** Where it keeps files. */
export const MEDIA = `${LIVE}/public/system`;

const unit = (what: string) =>
  `[Unit]\nDescription=${what}\n[Service]\nUser=mastodon\nWorkingDirectory=${LIVE}\nExecStart=/bin/sleep infinity\n[Install]\nWantedBy=multi-user.target\n`;

/** Mastodon's tables, with rows. */
const SCHEMA = TIMESTAMP_ID + readFileSync(join(__dirname, "mastodon.sql"), "utf8");

const FILES: Overlay = {
  "/etc/systemd/network/10-eth0.network": {
    content: `[Match]\nName=eth0\n[Network]\nAddress=10.99.0.${NUMBER}/24\nGateway=${Network.GATEWAY}\n`,
  },
  "/etc/systemd/system/mastodon-web.service": { content: unit("web") },
  "/etc/systemd/system/mastodon-sidekiq.service": { content: unit("Sidekiq") },
  "/etc/systemd/system/mastodon-streaming.service": { content: unit("streaming") },
  "/etc/docker/daemon.json": { content: '{"iptables": false, "ip6tables": false, "bridge": "none"}\n' },
  // What the containers' commands begin with.
  "/usr/local/bin/bundle": { content: "#!/bin/sh\nexec sleep infinity\n", mode: 0o755 },
  "/usr/local/bin/node": { content: "#!/bin/sh\nexec sleep infinity\n", mode: 0o755 },
};

const versionFile = (version: string) => {
  const [major, minor, patch] = version.split(".");
  return `    def major\n      ${major}\n    end\n\n    def minor\n      ${minor}\n    end\n\n    def patch\n      ${patch}\n    end\n\n    def default_prerelease\n      ''\n    end\n`;
};

export interface OldServerArgs {
  /** Folder that its files go to. */
  folder: string;
  network: Network;
  /** Address of its name server; none if absent. */
  resolver?: string;
  /** Its major version of Postgres. */
  postgres: 13 | 17;
  /** Mastodon's variables, in addition to those that say where its databases are. */
  variables: Readonly<Record<string, string>>;
  /** Called before it starts. */
  prepared?: (machine: Machine) => void;
}

export class OldServer {
  /** On the machines' network. */
  static readonly ADDRESS = `10.99.0.${NUMBER}`;

  private constructor(
    readonly machine: Machine,
    private readonly folder: string,
    private readonly args: OldServerArgs,
  ) {}

  static async create(args: OldServerArgs): Promise<OldServer> {
    const folder = join(args.folder, "old-server");
    mkdirSync(folder);
    const key = join(folder, "key");
    await run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "", "-f", key]);
    const publicKey = readFileSync(`${key}.pub`, "utf8");
    const machine = await Machine.create({
      name: "old",
      folder: args.folder,
      base: await oldServerRoot(args.postgres),
      network: args.network,
      number: NUMBER,
      userData: "",
      overlay: { ...FILES, "/root/.ssh/authorized_keys": { content: publicKey, mode: 0o600 } },
    });
    await run(["systemctl", "--root", machine.root, "mask", "--quiet", "docker.service", "docker.socket"]);
    if (args.resolver) machine.write("/etc/resolv.conf", `nameserver ${args.resolver}\n`);
    const server = new OldServer(machine, folder, args);
    try {
      args.prepared?.(machine);
      await server.begin();
    } catch (error) {
      await machine.remove();
      throw error;
    }
    return server;
  }

  private async begin(): Promise<void> {
    const { machine } = this;
    await machine.start();
    await machine.run("systemctl is-system-running --wait || true");
    await machine.run("useradd -m -s /bin/bash mastodon");
    await machine.waitFor("Postgres", 60, async () => {
      return (await machine.attempt("runuser -u postgres -- pg_isready -q")).code === 0;
    });
    await machine.run("runuser -u postgres -- createuser mastodon");
    await this.database("mastodon_production");
    await machine.run(
      `chmod 755 /home/mastodon
       runuser -u mastodon -- mkdir -p ${LIVE}/lib/mastodon ${LIVE}/db/migrate ${LIVE}/db/post_migrate ${MEDIA}
       touch ${LIVE}/db/migrate/20230907150100_one.rb ${LIVE}/db/migrate/20260901000000_two.rb ${LIVE}/db/post_migrate/20260101000000_three.rb
       systemctl enable --now --quiet mastodon-web mastodon-sidekiq mastodon-streaming`,
    );
    this.environment();
  }

  /** As root of Postgres. */
  sql = async (text: string, database = "mastodon_production"): Promise<string> =>
    (
      await this.machine.run(`runuser -u postgres -- psql -qtAX -v ON_ERROR_STOP=1 -d ${database}`, {
        input: text,
      })
    ).trim();

  /** A database with Mastodon's tables. */
  async database(name: string, options = "-E UTF8 --locale=C.UTF-8"): Promise<void> {
    await this.machine.run(`runuser -u postgres -- createdb -T template0 ${options} -O mastodon ${name}`);
    await this.sql(`SET client_encoding = 'UTF8'; SET ROLE mastodon;\n${SCHEMA}`, name);
  }

  /** Posts until the database has that size. */
  async grow(gib: number): Promise<void> {
    while (Number(await this.sql("SELECT pg_database_size(current_database())")) < gib * 2 ** 30)
      await this.sql(
        `INSERT INTO statuses (account_id, uri, text) SELECT 1 + i % 2000, 'https://elsewhere.example/' || gen_random_uuid(),
           md5(random()::text) || md5(random()::text) || repeat(md5(random()::text), 18) FROM generate_series(1, 50000) AS i`,
      );
  }

  is(version: string): void {
    this.machine.write(`${LIVE}/lib/mastodon/version.rb`, versionFile(version));
  }

  environment(changes: Readonly<Record<string, string>> = {}): void {
    const values = {
      DB_HOST: "/var/run/postgresql",
      DB_USER: "mastodon",
      DB_NAME: "mastodon_production",
      REDIS_HOST: "localhost",
      REDIS_DB: "2",
      ...this.args.variables,
      ...changes,
    };
    const lines = Object.entries(values).map(([name, value]) => `${name}=${value}\n`);
    this.machine.write(`${LIVE}/.env.production`, lines.join(""));
  }

  /**
   * Its ssh: a program in a folder for PATH, with which this machine reaches it and main as an administrator's laptop does.
   *
   * @returns the folder
   */
  async ssh(main?: Machine): Promise<string> {
    const bin = join(this.folder, "bin");
    mkdirSync(bin, { recursive: true });
    const key = join(this.folder, "key");
    const common = `User root\n  IdentityFile ${key}\n  IdentitiesOnly yes\n  StrictHostKeyChecking accept-new\n  UserKnownHostsFile ${this.folder}/known_hosts`;
    writeFileSync(
      join(this.folder, "config"),
      `Host old\n  HostName 10.99.0.${NUMBER}\n  ${common}\nHost main\n  HostName 127.0.0.1\n  ${common}\n`,
    );
    if (main) {
      await main.run("install -d -m 700 /root/.ssh && cat >/root/.ssh/authorized_keys", {
        input: readFileSync(`${key}.pub`, "utf8"),
      });
    }
    const config = `-F ${this.folder}/config`;
    // Main is not to be reached but through its tailnet: from inside, here.
    const toMain = main ? main.onItsNetwork(["/usr/bin/ssh", config]).join(" ") : "false";
    writeFileSync(
      join(bin, "ssh"),
      `#!/bin/bash\nfor word in "$@"; do if [[ $word == main ]]; then exec ${toMain} "$@"; fi; done\nexec nsenter --net=/run/netns/${this.args.network.namespace} /usr/bin/ssh ${config} "$@"\n`,
    );
    chmodSync(join(bin, "ssh"), 0o755);
    return bin;
  }

  /** Rows and catalog of a database, by checksums. */
  contents = (database = "mastodon_production"): Promise<string> =>
    this.sql(
      `SELECT relname || ' ' || (xpath('/row/x/text()', query_to_xml(format('SELECT md5(string_agg(t::text, '';'' ORDER BY t::text COLLATE "C")) AS x FROM %s t',
         oid::regclass), true, true, '')))[1]::text FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'm') ORDER BY 1;
       SELECT md5(string_agg(i::text, ';' ORDER BY indexrelid)) FROM pg_index AS i;
       SELECT string_agg(extname, ' ' ORDER BY extname) FROM pg_extension;
       SELECT md5(string_agg(rolname || coalesce(rolconfig::text, ''), ';' ORDER BY rolname)) FROM pg_roles; SELECT count(*) FROM pg_db_role_setting;`,
      database,
    );

  /** Files that have been written since a mark, but for logs and what the databases write by themselves. */
  written = async (): Promise<string> =>
    (
      await this.machine.run(
        "find / -xdev -newer /run/mark \\( -type f -o -type d \\) ! -path '/proc/*' ! -path '/sys/*' ! -path '/run' ! -path '/run/*' ! -path '/var/log*' ! -path '/var/lib/postgresql/*' ! -path '/var/lib/redis*' ! -path '/var/lib/docker*' ! -path '/var/lib/containerd*' ! -path '/dev*' ! -path '/var/lib/systemd*' ! -path '/tmp' ! -path '/'",
      )
    ).trim();
  mark = () => this.machine.run("touch /run/mark; sleep 0.1");

  redis = async (command: string): Promise<string> => (await this.machine.run(`redis-cli ${command}`)).trim();

  /** The same instance in containers, with the databases as they are. */
  async intoContainers(): Promise<void> {
    const { machine } = this;
    await machine.run(
      `set -e -o pipefail
       systemctl disable --now --quiet mastodon-web mastodon-sidekiq mastodon-streaming && rm /etc/systemd/system/mastodon-*.service && systemctl daemon-reload
       redis-cli SAVE; systemctl disable --now --quiet redis-server postgresql@${this.args.postgres}-main postgresql
       sed -i 's/^local .*/local all all trust/' /etc/postgresql/${this.args.postgres}/main/pg_hba.conf
       systemctl unmask --quiet docker.service docker.socket; systemctl start docker
       cd / && tar --create --one-file-system --exclude=./proc --exclude=./sys --exclude=./dev --exclude=./run --exclude=./var/lib/docker --exclude=./tmp . | docker import - old:1
       mkdir -p /srv/mastodon && cp -a ${LIVE}/public /srv/mastodon/`,
      { timeout: 900 },
    );
    machine.write(
      "/srv/mastodon/.env.production",
      machine
        .read(`${LIVE}/.env.production`)
        .replace(/^DB_HOST=.*/m, "DB_HOST=db")
        .replace(/^REDIS_HOST=.*/m, "REDIS_HOST=redis"),
    );
    const mastodon =
      "image: old:1\n    network_mode: host\n    restart: always\n    stop_signal: SIGKILL\n    env_file: .env.production\n    working_dir: /home/mastodon/live";
    machine.write(
      "/srv/mastodon/docker-compose.yml",
      `version: "3"
services:
  db:
    image: old:1
    network_mode: host
    restart: always
    command: bash -c "mkdir -p /run/postgresql && chown postgres /run/postgresql && exec runuser -u postgres -- /usr/lib/postgresql/${this.args.postgres}/bin/postgres -D /var/lib/postgresql/${this.args.postgres}/main -c config_file=/etc/postgresql/${this.args.postgres}/main/postgresql.conf"
  redis:
    image: old:1
    network_mode: host
    restart: always
    command: redis-server --dir /var/lib/redis
  web:
    ${mastodon}
    command: bundle exec puma -C config/puma.rb
    volumes:
      - ./public/system:/mastodon/public/system
  streaming:
    ${mastodon}
    command: node ./streaming
  sidekiq:
    ${mastodon}
    command: bundle exec sidekiq
`,
    );
    // Both versions of compose then call them mastodon_db_1.
    await machine.run("cd /srv/mastodon && COMPOSE_COMPATIBILITY=true docker-compose up -d 2>&1", {
      timeout: 300,
    });
    await machine.waitFor("Postgres in its container", 60, async () => {
      return (await machine.attempt("docker exec mastodon_db_1 pg_isready -q -U postgres")).code === 0;
    });
  }

  containers = async (): Promise<string> =>
    (await this.machine.run("docker ps --format '{{.Names}}' | sort")).trim().replaceAll("\n", " ");

  remove = () => this.machine.remove();
}
