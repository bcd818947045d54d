/**
 * Secrets, read back by the programs that they are for. Many strings a run: each program starts once, or as often as it has to.
 */
import fc from "fast-check";
import type { Machine } from "../../../lab/machine";
import { composeYaml } from "../../../services/compose";
import { envFile } from "../../../services/envFile";
import { pgbouncerIni, pgbouncerUserlist } from "../../../services/pgbouncer";
import { redisConf } from "../../../services/redis";
import { SECRETS } from "../../../settings/secrets";
import { container } from "../../support/fixtures";
import { mainInputs } from "../../support/mainFixtures";
import { worstSecrets } from "../../support/worstSecrets";
import { Lab, mainBundle, workerBundle } from "../lab";
import { installed } from "./installed";

/** Where readers of configuration differ: quotes, escapes, expansions, comments, separators. */
const NASTY = fc.constantFrom(..."$`'\"\\#;:=%@,{}[]()<>|&*?!~^-+/. é\tx0");
const sample = (value: fc.Arbitrary<string>, numRuns: number) => fc.sample(value, { numRuns, seed: 4 });

/** Whatever a variable of a process can hold. */
const ANY = fc.oneof(
  fc.string({ unit: "binary", maxLength: 40 }).filter((text) => !text.includes("\0")),
  fc.string({
    unit: fc.oneof(
      NASTY,
      fc.constantFrom("\n", "\r", "\u0085", "\u2028", "\u2029", "\ufeff", "\u007f", "\u009f", "\uffff"),
    ),
    maxLength: 20,
  }),
);
/** What envFile() takes: without a single quote and a line break. */
const LINE = fc
  .oneof(fc.string({ unit: NASTY, maxLength: 20 }), fc.string({ unit: "grapheme", maxLength: 20 }))
  .map((text) => text.replaceAll(/['\n\r\0]/g, ""));
/** A given password: the format is the one that settings/secrets.ts asks for. */
const PASSWORD = fc
  .oneof(
    fc.string({
      unit: fc.integer({ min: 0x21, max: 0x7e }).map((code) => String.fromCharCode(code)),
      minLength: 16,
      maxLength: 60,
    }),
    fc.string({
      unit: NASTY.filter((character) => /[\x21-\x7e]/.test(character)),
      minLength: 16,
      maxLength: 24,
    }),
  )
  .filter((text) => SECRETS.redisPassword.format?.pattern.test(text) === true);

const named = (values: readonly string[]) => Object.fromEntries(values.map((value, i) => [`V${i}`, value]));

let lab: Lab;
let main: Machine;
let worker: Machine;

beforeAll(async () => {
  lab = await Lab.create();
  [main, worker] = (await installed(lab, mainBundle(), workerBundle())) as [Machine, Machine];
}, 900_000);

afterAll(() => lab?.remove());

type Environment = Record<string, string>;

/** Each service's environment, as compose would give it to the container. It writes `$` as `$$`, so that its output is input again. */
async function environments(machine: Machine, command: string): Promise<Record<string, Environment>> {
  const { services } = JSON.parse(await machine.run(`${command} config --format json`)) as {
    services: Record<string, { environment: Environment }>;
  };
  return Object.fromEntries(
    Object.entries(services).map(([name, { environment }]) => [
      name,
      Object.fromEntries(
        Object.entries(environment).map(([key, value]) => [key, value.replaceAll("$$", "$")]),
      ),
    ]),
  );
}

describe("static", () => {
  test("every container of both hosts gets the worst secrets as they are", async () => {
    worker.write("/etc/mastodon/main.env", "MAIN_ADDRESS=100.64.0.9\n");
    for (const [machine, database] of [
      [main, "127.0.0.1"],
      [worker, "100.64.0.9"],
    ] as const) {
      const { streaming, ...rails } = await environments(machine, "mastodon-compose");
      expect(Object.keys(rails).length).toBeGreaterThan(0);
      const databases = {
        DB_HOST: database,
        DB_PASS: worstSecrets.postgresPassword,
        REDIS_HOST: database,
        REDIS_PASSWORD: worstSecrets.redisPassword,
      };
      // It reads no other secret, so it gets none (tests/services/compose).
      if (machine === main) expect(streaming).toMatchObject(databases);
      for (const environment of Object.values(rails))
        expect(environment).toMatchObject({
          ...databases,
          CACHE_REDIS_PASSWORD: worstSecrets.cacheRedisPassword,
          OTP_SECRET: worstSecrets.otpSecret,
          SMTP_PASSWORD: worstSecrets.smtpPassword,
          ...worstSecrets.extraSecretEnv,
        });
    }
  });

  test("any value goes through compose.yaml", async () => {
    const values = named(sample(ANY, 400));
    main.write("/root/any.yaml", composeYaml({ environment: values, services: { one: container } }));
    const { one } = await environments(main, "MASTODON_VERSION=v1 docker compose --file /root/any.yaml");
    // The one variable that is the program's own.
    expect(one).toEqual({ ...values, FFMPEG_BINARY: expect.any(String) });
  });

  test("the shell and systemd read an env file alike", async () => {
    const values = named(sample(LINE, 200));
    main.write("/root/host.env", envFile(values));
    const names = Object.keys(values);
    const byNul = (text: string): Environment =>
      Object.fromEntries(
        text
          .split("\0")
          .map((line) => [line.slice(0, line.indexOf("=")), line.slice(line.indexOf("=") + 1)])
          .filter(([name]) => names.includes(name as string)),
      );
    expect(byNul(await main.run("set -a; . /root/host.env; exec env -0"))).toEqual(values);
    expect(
      byNul(
        await main.run(
          "systemd-run --quiet --wait --pipe --collect --property=EnvironmentFile=/root/host.env env -0",
        ),
      ),
    ).toEqual(values);
  });

  test("with any password one logs in at pgbouncer, and with another one not", async () => {
    const passwords = sample(PASSWORD, 40);
    // One user a password, in the file that the program writes for one.
    const userlist = passwords.map((password, i) => pgbouncerUserlist(password).replace("mastodon", `u${i}`));
    main.write("/etc/pgbouncer/userlist.txt", userlist.join(""));
    main.write("/etc/pgbouncer/tailnet.ini", "listen_addr = 127.0.0.1\n");
    const users = passwords.map((_, i) => `u${i}`).join(", ");
    main.write(
      "/etc/pgbouncer/pgbouncer.ini",
      `${pgbouncerIni(mainInputs().sizing.pgbouncer)}stats_users = ${users}\n`,
    );
    await main.run("systemctl start pgbouncer.service");
    const logIn = async (given: readonly string[]) =>
      (
        await main.run(
          `i=0; while IFS= read -r -d '' password; do
             if PGPASSWORD=$password psql -qtAX -h 127.0.0.1 -p 6432 -U u$i pgbouncer -c 'SHOW VERSION' >/dev/null 2>&1
             then echo in; else echo out; fi; i=$((i + 1)); done`,
          { input: given.map((password) => `${password}\0`).join("") },
        )
      )
        .trim()
        .split("\n");
    expect(await logIn(passwords)).toEqual(passwords.map(() => "in"));
    expect(await logIn(passwords.map((password) => `${password}x`))).toEqual(passwords.map(() => "out"));
  });

  test("with any password both Redis answer, and without it not", async () => {
    main.write("/etc/redis/tailnet.conf", "bind 127.0.0.1\n");
    const passwords = [worstSecrets.redisPassword, worstSecrets.cacheRedisPassword, ...sample(PASSWORD, 10)];
    for (const [i, password] of passwords.entries()) {
      const kind = i % 2 === 0 ? "redis" : "redis-cache";
      main.write(
        "/root/redis.conf",
        redisConf(`redis/${kind}.conf`, { port: 6379, maxMemoryMiB: 64, password }),
      );
      const answers = await main.run(
        `redis-server /root/redis.conf --port 0 --unixsocket /run/test.sock --dir /tmp --daemonize yes >/dev/null
         IFS= read -r -d '' REDISCLI_AUTH; export REDISCLI_AUTH
         for _ in {1..300}; do if [[ $(redis-cli -s /run/test.sock PING 2>&1) != *@(refused|such?file|LOADING)* ]]; then break; fi; sleep 0.1; done
         redis-cli -s /run/test.sock PING; env -u REDISCLI_AUTH redis-cli -s /run/test.sock PING
         redis-cli -s /run/test.sock SHUTDOWN NOSAVE`,
        { input: `${password}\0` },
      );
      expect([password, answers.trim()]).toEqual([password, "PONG\nNOAUTH Authentication required."]);
    }
  });

  test("root's password on the console is the given one", async () => {
    const { consolePassword } = worstSecrets;
    // As the first step sets it where it was rotated.
    await main.run(
      '. /usr/local/lib/mastodon-host/common.sh; echo "root:$(<"$SECRETS/console-password")" | chpasswd',
    );
    const [, method, salt] =
      /^root:(\$[^$]+\$[^$]+\$)([^$]+)\$/.exec(await main.run("grep ^root: /etc/shadow")) ?? [];
    expect(method).toBeDefined();
    const crypt = (password: string) =>
      main.run(
        `perl -e 'local $/; my $password = <STDIN>; my $hash = (getpwnam("root"))[1]; print crypt($password, $hash) eq $hash ? "same" : "other"'`,
        { input: password },
      );
    expect([salt !== undefined, await crypt(consolePassword), await crypt(`${consolePassword}x`)]).toEqual([
      true,
      "same",
      "other",
    ]);
  });
});
