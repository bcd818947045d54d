/** What `npm run status` says of a real main and a worker: as it would over ssh, while they are well, and while something is broken. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Machine } from "../../lab/machine";
import { judge } from "../../operations/status/judge/judge";
import { workerFacts } from "../../operations/status/machineFacts";
import { mainFacts } from "../../operations/status/mainFacts";
import type { Answers } from "../../operations/status/reading";
import type { Status } from "../../operations/status/schema";
import { answersOf } from "../../operations/status/ssh";
import { statusText } from "../../operations/status/text";
import { workerInputs } from "../support/fixtures";
import { checkedOften, ready, receive, redis } from "./boot/ask";
import { Lab, mainBundle, VOLUME_NAME, workerBundle } from "./lab";
import { peer, sees } from "./tailnet";

const QUESTIONS = readFileSync(join(__dirname, "../../operations/status/questions.sh"), "utf8");

describe("status", () => {
  let lab: Lab;
  let main: Machine;
  let worker: Machine;

  beforeAll(async () => {
    lab = await Lab.create();
    const bundle = checkedOften(mainBundle());
    main = await lab.machine(bundle);
    await main.attach(await lab.volume(), VOLUME_NAME);
    worker = await lab.machine(checkedOften(workerBundle()));
    const both = [main, worker];
    await Promise.all(both.map((machine) => machine.start()));
    await Promise.all(both.map((machine) => machine.booted()));
    await ready(main);
    // The watch does not come with user data.
    const received = await receive(main, bundle);
    expect([received.code, received.stderr]).toEqual([0, expect.anything()]);
    sees(worker, peer(main, workerInputs().names.tags.main));
    await worker.run("mastodon-ready 120", { timeout: 130 });
    await main.waitFor("Prometheus", 120, async () => {
      return (await main.attempt("curl -fs http://127.0.0.1:9090/-/ready")).code === 0;
    });
    // No bucket is here that takes WAL: on a busy machine some has waited for long enough to be said.
    await main.run(
      `find /var/lib/postgresql/17/main/pg_wal/archive_status -name '*.ready' -exec touch {} +
       systemctl stop mastodon-backup-redis.timer
       jq -n --arg at "$(date -u +%FT%TZ)" '{ok: true, time: $at, lastSuccess: $at, bytes: 1288490188, seconds: 62} | . + {dump: ., federation: ., redis: .}' \
         >/var/lib/mastodon-host/backup-status.json
       systemctl reset-failed
       jq '{ok, time}' /var/lib/mastodon-host/backup-status.json | mastodon-drill record`,
    );
  }, 900_000);
  afterAll(() => lab?.remove());

  /** What a machine answers, and after how many seconds. */
  async function asked(machine: Machine): Promise<{ answers: Answers; seconds: number }> {
    const start = Date.now();
    const answer = answersOf(await machine.attempt(QUESTIONS, { timeout: 30 }));
    if ("unknown" in answer) throw new Error(answer.unknown);
    return { answers: answer.value, seconds: (Date.now() - start) / 1000 };
  }

  async function status(): Promise<Status & { seconds: number }> {
    const [ofMain, ofWorker] = await Promise.all([asked(main), asked(worker)]);
    const judged = judge({
      stack: "prod",
      url: "https://social.example.org",
      time: new Date().toISOString(),
      fromHere: { value: { status: 200, seconds: 0.08 } },
      main: { name: "main", host: main.name, facts: { value: mainFacts(ofMain.answers) } },
      workers: [
        {
          name: "general-1",
          host: worker.name,
          pool: "general",
          facts: { value: workerFacts(ofWorker.answers) },
        },
      ],
    });
    return { ...judged, seconds: Math.max(ofMain.seconds, ofWorker.seconds) };
  }
  const about = ({ findings }: Status) => findings.map(({ severity, about: what }) => `${severity} ${what}`);
  const factsOf = ({ main: { facts } }: Status) => {
    if ("unknown" in facts) throw new Error(facts.unknown);
    return facts.value;
  };
  const messages = ({ findings }: Status) => findings.map(({ message }) => message);

  test("all questions are answered, and nothing is left behind", async () => {
    const now = await status();
    console.log(statusText(now, { color: false }));
    expect(messages(now).filter((message) => message.includes("unknown"))).toEqual([]);
    // Nobody gives the lab's main a certificate, and its relay hears of no alarm.
    expect(about(now).filter((line) => !/certificate$|watch$/.test(line))).toEqual([]);
    const facts = factsOf(now);
    expect(facts).toMatchObject({
      ready: { value: "" },
      apply: { value: { state: "ok" } },
      site: { value: { status: 200 } },
      postgres: { value: { version: expect.stringMatching(/^17\.\d+$/), limit: expect.any(Number) } },
      backup: { value: { trouble: null, bytes: 1288490188 } },
      drill: { value: { held: true, trouble: null } },
      plannedProcesses: { value: 2 },
      watch: { value: { installed: true } },
    });
    expect("value" in facts.disks && facts.disks.value.map(({ mount }) => mount)).toEqual(["/", "/srv/data"]);
    expect("value" in facts.jobs && facts.jobs.value.processes.map(({ host }) => host).sort()).toEqual([
      main.name,
      main.name,
      worker.name,
      worker.name,
    ]);
    expect(now.workers[0]?.facts).toMatchObject({
      value: { path: { value: "direct" }, ready: { value: "" } },
    });
    expect(facts.release).toEqual({ value: { wanted: "v4.7.3", running: "v4.7.3", phase: "done" } });
    expect(now.seconds).toBeLessThan(20);
    expect(await main.run("ls /run | grep mastodon-status || true")).toBe("");
  });

  test("a job that nobody takes is late, and a worker without Sidekiq is named", async () => {
    await worker.run("systemctl stop mastodon-worker");
    await redis(main, `SADD queues default`);
    const job = JSON.stringify({ class: "Nobody", args: [], enqueued_at: Date.now() - 1_200_000 });
    await main.run(
      `REDISCLI_AUTH="$(cat /etc/mastodon-host/secrets/redis-password)" redis-cli -x RPUSH queue:default`,
      { input: job },
    );
    await main.waitFor("the worker's heartbeats to end", 90, async () => {
      const { jobs } = factsOf(await status());
      return "value" in jobs && jobs.value.processes.every(({ host }) => host === main.name);
    });
    const now = await status();
    expect(now.result).toBe("attention");
    expect(messages(now)).toEqual(
      expect.arrayContaining([
        expect.stringMatching(/^No process serves default/),
        "1 job waits in default, the oldest for 20 min. At this rate the queue does not shrink.",
        "0 of 2 Sidekiq processes of general-1 take jobs.",
        expect.stringMatching(/^general-1 waits for mastodon-worker to start/),
      ]),
    );
    console.log(statusText(now, { color: false }));
    await redis(main, "DEL queue:default");
    await worker.run("systemctl start mastodon-worker && mastodon-ready 120", { timeout: 130 });
    const { jobs } = factsOf(await status());
    expect("value" in jobs && jobs.value.queues.filter(({ queue }) => queue === "default")).toEqual([
      expect.objectContaining({ waiting: 0, oldestSeconds: null, emptyInSeconds: 0 }),
    ]);
  });

  test("a Postgres that hangs and a watch that is down hold up no other answer", async () => {
    await main.run("systemctl stop prometheus && pkill -STOP -u postgres");
    const now = await status();
    await main.run("pkill -CONT -u postgres; systemctl start prometheus");
    console.log(statusText(now, { color: false }));
    // Questions have 12 s; the rest is a busy machine.
    expect(now.seconds).toBeLessThan(20);
    expect(about(now)).toEqual(expect.arrayContaining(["unknown Postgres", "unknown watch"]));
    expect(messages(now)).toContain("Postgres' state is unknown: no answer within 9 s");
    expect(messages(now).find((message) => message.startsWith("The watch is down"))).toMatch(
      /Prometheus: curl/,
    );
    const facts = factsOf(now);
    expect(
      [facts.jobs, facts.release, facts.disks, facts.backup, facts.drill].filter(
        (answer) => "unknown" in answer,
      ),
    ).toEqual([]);
    await ready(main);
  });
});
