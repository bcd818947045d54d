/** look.sh in bash, on a server whose programs are stand-ins: what it finds, what it asks, and that it tells no secret. */
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readFacts } from "../../../operations/adopt/facts";
import { lookVariables } from "../../../operations/adopt/look";
import { checkHost, withVariables } from "../../../operations/adopt/ssh";
import { scriptThere } from "../../../operations/adopt/there";
import { quoted } from "../../../operations/ssh";
import { attempt, run } from "../../../tools/run";

const HEX = "0123456789abcdef".repeat(8);
const ENVIRONMENT = `# Generated with mastodon:setup
LOCAL_DOMAIN=social.example.org
 export WEB_DOMAIN = "web.example.org" # the web interface
SMTP_FROM_ADDRESS='Mastodon <notifications@example.org>'
SECRET_KEY_BASE=${HEX}
OTP_SECRET=an-old-one
VAPID_PRIVATE_KEY=short
DB_PASS="p#ss w'rd"
SMTP_PASSWORD=relay-secret
REDIS_URL=redis://:hunter2@10.0.0.5:6380/3
AUTHORIZED_FETCH=true\r
broken line
`;
const SECRETS = [HEX, "an-old-one", "p#ss", "relay-secret", "hunter2"];

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "adopt-look-"));
  mkdirSync(join(folder, "bin"));
  mkdirSync(join(folder, "live/lib/mastodon"), { recursive: true });
  for (const kind of ["migrate", "post_migrate"])
    mkdirSync(join(folder, "live/db", kind), { recursive: true });
  writeFileSync(join(folder, "live/.env.production"), ENVIRONMENT);
  writeFileSync(
    join(folder, "live/lib/mastodon/version.rb"),
    "    def major\n      4\n    end\n    def minor\n      6\n    end\n    def patch\n      5\n    end\n    def suffix\n      '+glitch'\n    end\n",
  );
  writeFileSync(join(folder, "live/db/migrate/20200101000000_first.rb"), "");
  writeFileSync(join(folder, "live/db/post_migrate/20200102000000_second.rb"), "");
  // It keeps what it is asked, and how.
  program(
    "psql",
    'echo "psql $* password=$PGPASSWORD" >>$LOG; if [[ $* == *"SELECT 1"* ]]; then echo 1; else tee -a $LOG.sql >/dev/null; fi',
  );
  program("systemctl", "exit 1");
  program("redis-cli", 'echo "redis-cli $*" >>$LOG');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function program(name: string, script: string): void {
  writeFileSync(join(folder, "bin", name), `#!/bin/bash\nLOG=${folder}/log\n${script}\n`);
  chmodSync(join(folder, "bin", name), 0o755);
}

const look = async (compose = "", env = join(folder, "live/.env.production")) => {
  const { stdout } = await attempt(
    ["env", "-i", `PATH=${folder}/bin:/usr/sbin:/usr/bin:/sbin:/bin`, "bash", "-s"],
    { input: scriptThere("look.sh", { compose, env }, lookVariables(2)), timeout: 60 },
  );
  return { stdout, facts: readFacts(stdout) };
};

test("the variables of a file are read as dotenv reads them", async () => {
  const { facts } = await look();
  expect(facts).toMatchObject({ runs: "systemd", folder: join(folder, "live"), version: "4.6.5+glitch" });
  expect(facts.values).toEqual({
    LOCAL_DOMAIN: "social.example.org",
    WEB_DOMAIN: "web.example.org",
    SMTP_FROM_ADDRESS: "Mastodon <notifications@example.org>",
    AUTHORIZED_FETCH: "true",
    REDIS_HOST: "10.0.0.5",
    REDIS_PORT: "6380",
    REDIS_DB: "3",
  });
  expect(facts.migrations.code).toEqual(["20200101000000", "20200102000000"]);
  expect(facts.secrets).toMatchObject({
    SECRET_KEY_BASE: "fits",
    OTP_SECRET: "fits",
    VAPID_PRIVATE_KEY: "odd",
    VAPID_PUBLIC_KEY: "missing",
  });
});

test("no secret is in its output, on a command line or in a query", async () => {
  const { stdout } = await look();
  const decoded = stdout
    .split("\n")
    .map((line) => Buffer.from(line.split(" ")[1] ?? "", "base64").toString())
    .join("\n");
  const log = readFileSync(join(folder, "log"), "utf8").replace(/ password=.*/g, "");
  for (const secret of SECRETS) for (const text of [decoded, log]) expect(text).not.toContain(secret);
  expect(readFileSync(join(folder, "log"), "utf8")).toContain("password=p#ss w'rd");
});

test("every query runs in a transaction that can change nothing, and sets nothing for a session", async () => {
  await look();
  const sql = readFileSync(join(folder, "log.sql"), "utf8");
  const transactions = sql.split(/^COMMIT;$/m).slice(0, -1);
  // The last one prepares the statements that look for duplicates, each in a transaction of the same kind.
  expect(transactions.length).toBeGreaterThan(4);
  expect(sql.match(/BEGIN READ ONLY;/g)).toHaveLength(transactions.length + 1);
  for (const transaction of transactions) expect(transaction.trim()).toMatch(/^BEGIN READ ONLY;\nSET LOCAL /);
  expect(sql).not.toMatch(/\bSET (?!LOCAL)/);
});

test("nothing is written on the server", async () => {
  const files = () => run(["bash", "-c", `cd ${folder}/live && find . -printf '%p %T@ %s\\n' | sort`]);
  const before = await files();
  await look();
  expect(await files()).toBe(before);
});

test("containers of a compose project, with empty labels among them", async () => {
  const line = (...fields: string[]) => fields.join("\t");
  program(
    "docker",
    `case "$1" in
  ps) if [[ $2 == --all ]]; then cat <<'END'
${line("c0", "other", ".", ".", "nginx", "Up", '"nginx"')}
${line("c1", "m_web_1", "/srv/mastodon.", "web.", "ghcr.io/mastodon/mastodon:v4.6.5", "Up 2 days", '"bundle exec puma -C config/puma.rb"')}
${line("c2", "m_db_1", "/srv/mastodon.", "db.", "postgres:9.6", "Up 2 days", '"postgres"')}
${line("c3", "m_redis_1", "/srv/mastodon.", "redis.", "redis:6", "Exited (0)", '"redis-server"')}
END
  fi ;;
  inspect) if [[ $* == *Env* ]]; then printf 'LOCAL_DOMAIN=social.example.org\\nDB_HOST=db\\nDB_PASS=a=b\\nREDIS_HOST=redis\\nS3_ENABLED=true\\nVAPID_PRIVATE_KEY=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAE=\\n'; fi ;;
  exec) echo "docker $* password=\${PGPASSWORD-}" >>$LOG
    if [[ $* == *"SELECT 1"* ]]; then echo 1; elif [[ $* == *psql* ]]; then cat >>$LOG.sql; fi ;;
esac`,
  );
  const { facts } = await look("/srv/mastodon", "");
  expect(facts).toMatchObject({
    runs: "compose",
    folder: "/srv/mastodon",
    version: "4.6.5",
    services: { web: "Up 2 days", db: "Up 2 days", redis: "Exited (0)" },
    values: { LOCAL_DOMAIN: "social.example.org", DB_HOST: "db", S3_ENABLED: "true" },
    secrets: { VAPID_PRIVATE_KEY: "fits" },
  });
  const log = readFileSync(join(folder, "log"), "utf8");
  expect(log).toContain(
    "docker exec --interactive --env PGPASSWORD c2 psql --username mastodon --dbname mastodon_production",
  );
  expect(log).toContain("password=a=b");
  expect(log).toContain("docker exec --env REDISCLI_AUTH c3 redis-cli -n 0 INFO");
});

test("a server without Mastodon is said to be one", async () => {
  const { facts } = await look("", "/nowhere/.env.production");
  expect(facts.runs).toBe("unknown");
  expect(facts.problems[0]).toMatch(/^no Mastodon was found/);
});

test("an output that was cut off is no look", () => {
  expect(() => readFacts("runs c3lzdGVtZA==\n")).toThrow("The script ended early");
});

test("variables reach the script whole, and a host is no option of ssh", async () => {
  const text = `a 'quoted' "text" $HOME \\ \n second`;
  expect(await run(["bash", "-s"], { input: withVariables({ TEXT: text }, 'printf %s "$TEXT"') })).toBe(text);
  expect(await run(["bash", "-c", `printf %s ${quoted(text)}`])).toBe(text);
  expect(() => checkHost("from", "-oProxyCommand=true")).toThrow(
    "--from is -oProxyCommand=true; write a host",
  );
  expect(checkHost("from", "root@old.example.org")).toBe("root@old.example.org");
});
