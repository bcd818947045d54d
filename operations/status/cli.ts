/** `npm run status -- --stack NAME`: whether the instance is well, and what to do next. */
import { exitWith, readCommandLine } from "../../tools/commandLine";
import { readStackState } from "../stackState";
import { fromHere } from "./fromHere";
import { judge } from "./judge/judge";
import { workerFacts } from "./machineFacts";
import { type Machine, machinesOf, type StackMachines } from "./machines";
import { mainFacts } from "./mainFacts";
import type { Answers } from "./reading";
import type { Answer, Facts, Status } from "./schema";
import { type Ask, overSsh } from "./ssh";
import { statusText } from "./text";

const HELP = `npm run status -- [--stack NAME] [--json]

Says whether the instance is well, and what to do next: the site, queues, processes, releases, Postgres, Redis, the backup, the
certificate, alarms, and every machine. It asks each machine over the tailnet, with the stack's own ssh key, and changes nothing.

  --stack NAME   the stack's name, or ORGANIZATION/PROJECT/STACK (default: prod)
  --json         for programs: operations/status/status.schema.json has the format

Exits with 0 if all is well, with 1 if something needs attention or is unknown, with 2 if the status could not be had.`;

const EXIT = { well: 0, attention: 1, unavailable: 2 } as const;

/** So many workers are asked at the same time. */
const AT_ONCE = 16;

const onto = <A, B>(answer: Answer<A>, read: (value: A) => B): Answer<B> =>
  "value" in answer ? { value: read(answer.value) } : answer;

async function askAll(machines: readonly Machine[], ask: Ask): Promise<Answer<Answers>[]> {
  const answers: Answer<Answers>[] = [];
  const left = machines.map((machine, i) => ({ machine, i }));
  const askNext = async (): Promise<void> => {
    for (let next = left.shift(); next; next = left.shift()) answers[next.i] = await ask(next.machine);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, askNext));
  return answers;
}

async function gather(stack: string, { url, privateKey, main, workers }: StackMachines): Promise<Facts> {
  const [site, [ofMain, ...ofWorkers]] = await Promise.all([
    fromHere(url),
    overSsh(privateKey, (ask) => askAll([main, ...workers], ask)),
  ]);
  const missing = { unknown: "it was not asked" };
  return {
    stack,
    url,
    time: new Date().toISOString(),
    fromHere: site,
    main: { name: main.name, host: main.host, facts: onto(ofMain ?? missing, mainFacts) },
    workers: workers.map(({ name, host, pool }, i) => ({
      name,
      host,
      pool,
      facts: onto(ofWorkers[i] ?? missing, workerFacts),
    })),
  };
}

async function main(): Promise<number> {
  const line = readCommandLine(process.argv.slice(2), {
    help: HELP,
    options: { stack: { type: "string", default: "prod" }, json: { type: "boolean", default: false } },
  });
  if (!line) {
    console.log(HELP.trimEnd());
    return 0;
  }
  const { stack, json } = line.values;
  const { resources } = await readStackState(stack);
  const status: Status = judge(await gather(stack, machinesOf(stack, resources)));
  if (json) console.log(JSON.stringify(status, null, 2));
  else process.stdout.write(statusText(status, { color: process.stdout.hasColors?.() === true }));
  return EXIT[status.result];
}

exitWith(main());
