/**
 * An instance moves in by replication, as docs/moving-in.md says, while people look at its pictures and jobs wait. In a separate world, since
 * an instance moves only into a main that is new.
 */
import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { ACCESS_KEY, USER, USER_POLICY } from "../../doubles/awsAccount";
import { evaluate } from "../../fleet/model/evaluate";
import { STORY_FLEETS } from "../../fleet/model/story";
import { Authority } from "../../lab/authority";
import { sql } from "../../lab/databases";
import { INTERNET } from "../../lab/internet/addresses";
import { LIVE, MEDIA, OldServer } from "../../lab/oldServer/oldServer";
import { MOVED_SECRETS } from "../../operations/adopt/secretNames";
import { slowness } from "../../tools/until";
import { workedOffAt } from "../catchUp/drain";
import { becomes } from "../catchUp/hosts";
import { drain, everythingDone, longest, tracesOf } from "../catchUp/replay";
import { arrivals, inHours, quota, SECONDS_PER_HOUR, situation, workOf } from "../catchUp/scale";
import { fill } from "../load/fill";
import { Load } from "../load/load";
import { lookAt, type Seen } from "../load/pictures";
import { type StepInputs, succeeded } from "./step";
import { up } from "./up";

const GIB = 1;
const FILES = 20_000;
/** All of them within six minutes, if each is answered at once. */
const LOOKS_PER_SECOND = 60;
/** On idle cores. */
const MOST_DOWN_SECONDS = 60;
/** Of the story: its jobs wait on the old server. */
const BACKLOG_HOURS = 2;
/** The most that catching up may differ from the model. */
const TOLERANCE = 0.3;
const OLD_FILES = "files.old.example.net";
/** Main alone, as most instances are that move in. */
const FLEET = STORY_FLEETS.split;
/** Far from those of loads. */
const FIRST_JOB = 900_000_000;

const pathOf = (i: number) => `media_attachments/files/${String(i % 100).padStart(2, "0")}/${i}.png`;
const PATHS = Array.from({ length: FILES }, (_, i) => pathOf(i));
/** Each has its own path in it. */
const WRITE_FILES = `
import os, sys
for path in sys.stdin.read().split():
    os.makedirs(os.path.dirname(path), exist_ok=True)
    open(path, "w").write(path + "\\n" + "." * 2000)
`;

const SITE = `server {
  listen 443 ssl; server_name ${OLD_FILES};
  ssl_certificate /etc/nginx/old.crt; ssl_certificate_key /etc/nginx/old.key;
  location /system/ { root ${LIVE}/public; }
}
`;

/** Command of Redis' protocol. */
const command = (...words: string[]) =>
  `*${words.length}\r\n${words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`).join("")}`;

/** The jobs of an outage of the story, as Sidekiq's client writes them; number → queue. */
function backlog(): { protocol: string; queues: Map<number, string> } {
  const queues = new Map<number, string>();
  const lines: string[] = [];
  for (const { queue, count } of arrivals(BACKLOG_HOURS)) {
    lines.push(command("SADD", "queues", queue));
    for (let i = 0; i < count; i++) {
      const number = FIRST_JOB + queues.size;
      queues.set(number, queue);
      const at = Date.now();
      const jid = randomBytes(12).toString("hex");
      const job = { class: "MeasuredJob", args: [number, workOf(queue)], queue, retry: 25, jid };
      lines.push(
        command("LPUSH", `queue:${queue}`, JSON.stringify({ ...job, created_at: at, enqueued_at: at })),
      );
    }
  }
  return { protocol: lines.join(""), queues };
}

/** The instance as it runs elsewhere: with main's keys, a database, files, and jobs that nobody does. */
async function elsewhere(
  { machines, stack, folder, network, args, dns }: StepInputs,
  jobs: string,
): Promise<OldServer> {
  const { environment } = JSON.parse(await machines.main().run("mastodon-compose config --format json"))
    .services.web as { environment: Record<string, string> };
  const { domain, webDomain } = stack.settings;
  const keys = Object.values(MOVED_SECRETS).flatMap((name) =>
    environment[name] ? [[name, environment[name]]] : [],
  );
  const authority = await Authority.kept(join(folder, "old-server-authority"));
  const { certificate, key } = await authority.sign(OLD_FILES);
  const old = await OldServer.create({
    folder,
    network,
    resolver: INTERNET.dns,
    postgres: 17,
    variables: {
      LOCAL_DOMAIN: domain,
      ...(webDomain ? { WEB_DOMAIN: webDomain } : {}),
      ...Object.fromEntries(keys),
    },
    prepared: (machine) => {
      authority.trustedBy(machine);
      machine.write("/etc/nginx/old.crt", readFileSync(certificate, "utf8"));
      machine.write("/etc/nginx/old.key", readFileSync(key, "utf8"));
      machine.write("/etc/nginx/conf.d/old.conf", SITE);
      machine.write("/root/write-files", WRITE_FILES);
    },
  });
  old.is(args.release.slice(1));
  // Where measured jobs write.
  const table =
    "runuser -u postgres -- pg_dump --no-owner --no-privileges --schema-only --table measured mastodon";
  await old.sql(`SET ROLE mastodon;\n${await machines.main().run(table)}`);
  dns.set(OLD_FILES, OldServer.ADDRESS);
  await old.machine.run(`cd ${MEDIA} && python3 /root/write-files && systemctl restart nginx`, {
    input: PATHS.join("\n"),
  });
  await fill(old.machine, GIB, "mastodon_production");
  await old.machine.run("redis-cli -n 2 --pipe", { input: jobs });
  return old;
}

/** Somebody who may do everything in the AWS account, as the one who copies the files. */
function administrator({ cloud: { aws } }: StepInputs): string {
  const name = "administrator";
  const [id, secret] = [
    `AKIA${randomBytes(8).toString("hex").toUpperCase()}`,
    randomBytes(30).toString("base64"),
  ];
  const policy = JSON.stringify({
    Version: "2012-10-17",
    Statement: [{ Effect: "Allow", Action: "s3:*", Resource: "*" }],
  });
  const arn = `arn:aws:iam::${aws.accountId}:user/${name}`;
  aws.add({ type: USER, id: name, name, inputs: { name }, outputs: { arn } });
  aws.add({ type: USER_POLICY, id: `${name}:all`, name, inputs: { user: name, policy }, outputs: {} });
  aws.add({ type: ACCESS_KEY, id, name, inputs: { user: name }, outputs: { secret } });
  return `AWS_ACCESS_KEY_ID=${id} AWS_SECRET_ACCESS_KEY=${secret}`;
}

/** `aws s3 sync` on the old server. */
async function copyFiles(world: StepInputs, { machine }: OldServer, who: string): Promise<void> {
  const { stack } = world;
  const more = `AWS_CA_BUNDLE=/etc/ssl/certs/ca-certificates.crt AWS_REQUEST_CHECKSUM_CALCULATION=when_required`;
  await machine.run(
    `${who} ${more} aws --region ${stack.settings.aws.region} s3 sync --only-show-errors ${MEDIA} s3://${stack.names.mediaBucket}/`,
    { timeout: 1800 },
  );
}

async function fallsBackTo(world: StepInputs, fallbackUrl: string | undefined): Promise<void> {
  const { engine } = world.stack;
  engine.edit((settings) => {
    const { fallbackUrl: _, ...media } = (settings.media ?? {}) as Record<string, unknown>;
    settings.media = fallbackUrl ? { ...media, fallbackUrl } : media;
  });
  succeeded(await engine.up());
}

/** As soon as one of main's Sidekiq processes is there, it gets its share of this machine. Main itself keeps all: the move is timed. */
function limited({ machines }: StepInputs): () => void {
  const main = machines.main();
  const cores = quota(FLEET, 0);
  const known = new Set<number>();
  const timer = setInterval(() => {
    for (const pid of main.processes(/^sidekiq \d/)) {
      if (known.has(pid)) continue;
      known.add(pid);
      main.controlGroup.limitProcess(pid, cores.process);
    }
  }, 100);
  return () => clearInterval(timer);
}

/** Jobs go on arriving, as at the story's busiest hour, until those that came along are done. */
async function drained(world: StepInputs, queues: Map<number, string>, moving: number): Promise<string> {
  const begun = () =>
    world.collector.events.find(({ event, job, at }) => event === "popped" && queues.has(job) && at > moving)
      ?.at;
  const resumed = begun();
  if (resumed === undefined) throw new Error("no job of the old instance is done on main");
  const predicted = longest(
    evaluate(FLEET, situation(BACKLOG_HOURS, 0)).queues.map(({ drainHours }) => drainHours),
  );
  const since = (Date.now() - resumed) / 1000;
  const { load, queues: later } = Load.planned(
    world,
    arrivals(BACKLOG_HOURS + 2 * predicted)
      .filter(({ seconds }) => seconds >= BACKLOG_HOURS * SECONDS_PER_HOUR)
      .map((one) => ({
        ...one,
        seconds: Math.max(0, one.seconds - BACKLOG_HOURS * SECONDS_PER_HOUR - since),
        work: workOf(one.queue),
      })),
  );
  const all = new Map([...queues, ...later]);
  const asked = {
    acknowledged: () =>
      new Map([...[...queues.keys()].map((job) => [job, resumed] as const), ...load.acknowledged()]),
  };
  try {
    await drain(world, {
      load: asked,
      queues: all,
      resumed,
      seconds: 1.6 * predicted * SECONDS_PER_HOUR,
    });
  } finally {
    await load.stop();
  }
  const finished = await everythingDone(world, asked);
  const traces = tracesOf(world, { load: asked, queues: all, finished });
  const measured = longest(
    [...traces.values()].map((jobs) => {
      const at = workedOffAt(jobs, resumed);
      return at === undefined ? undefined : inHours((at - resumed) / 1000);
    }),
  );
  const figure = `${queues.size} jobs came along, ${later.size} more; empty after ${measured.toFixed(2)} h, ${predicted.toFixed(2)} h by the model (${(100 * (measured / predicted - 1)).toFixed(0)} %)`;
  if (!(Math.abs(measured / predicted - 1) <= TOLERANCE)) throw new Error(figure);
  return figure;
}

export const movesIn = async (world: StepInputs) => {
  const { report, stack, machines } = world;
  if (!(await up(world))) return false;
  const { protocol, queues } = backlog();
  let old: OldServer | undefined;
  let path = "";
  let stop = (): Promise<Seen | undefined> => Promise.resolve(undefined);
  const adopt = async (...args: string[]) => {
    const common = ["--from", "old", "--stack", stack.name];
    const { code, stdout, stderr } = await stack.engine.script(
      "operations/adopt/cli.ts",
      [...args, ...common],
      { PATH: path },
    );
    if (code !== 0) throw new Error(`${stdout}\n${stderr}`);
    return stdout;
  };
  try {
    const there = await report.check(
      `an instance elsewhere, with ${GIB} GiB of database and ${FILES} files: nothing keeps it from moving`,
      async () => {
        await becomes(world, FLEET);
        old = await elsewhere(world, protocol);
        path = `${await old.ssh(machines.main())}:${process.env.PATH}`;
        const text = await adopt("look");
        if (!text.includes("move --by replication")) throw new Error(text);
        return `${queues.size} jobs wait there`;
      },
    );
    if (!there || !old) return false;
    const server: OldServer = old;
    await fallsBackTo(world, `https://${OLD_FILES}/system`);
    stop = lookAt(world, PATHS, LOOKS_PER_SECOND);
    const who = administrator(world);
    await report.check("its files are copied to the new bucket, while main serves them", async () => {
      const start = Date.now();
      await copyFiles(world, server, who);
      return `${((Date.now() - start) / 1000).toFixed(0)} s`;
    });
    const free = limited(world);
    const moving = Date.now();
    let moved = false;
    try {
      moved = await report.check(
        `it moves by replication, and is down for at most ${MOST_DOWN_SECONDS} s`,
        async () => {
          const text = await adopt("move", "--by", "replication", "--to", "main", "--yes");
          const [, amount, unit] = /The site was down for ([\d.]+) (s|min)/.exec(text) ?? [];
          const seconds = Number(amount) * (unit === "min" ? 60 : 1);
          const [rows] = await sql(machines.main(), "SELECT count(*) FROM ballast");
          const before = await server.sql("SELECT count(*) FROM ballast");
          if (rows !== before) throw new Error(`main has ${rows} rows, and there were ${before}`);
          if (!(seconds <= MOST_DOWN_SECONDS * slowness())) throw new Error(text);
          const steps = [...text.matchAll(/^ {2}(\w+) +([\d.]+ (?:s|min))$/gm)].map(
            ([, step, took]) => `${step} ${took}`,
          );
          return `${seconds} s: ${steps.join(", ")}`;
        },
      );
      if (moved)
        await report.check("the jobs that came along are done when the model says", () =>
          drained(world, queues, moving),
        );
    } finally {
      free();
    }
    return await report.check(
      "every file was served throughout, also when nothing falls back any more",
      async () => {
        await copyFiles(world, server, who);
        await fallsBackTo(world, undefined);
        // A last look at what is only in the bucket now.
        await sleep(20_000);
        const looks = await stop();
        if (!looks) throw new Error("nobody looked");
        const { asked, seen, failures, failed } = looks;
        const figure = `${seen} of ${FILES} files, ${asked} requests, ${failures} of them failed`;
        if (failures > 0 || seen < FILES) throw new Error(`${figure}: ${failed.join("; ")}`);
        return figure;
      },
    );
  } finally {
    await stop();
    await old?.remove();
  }
};
