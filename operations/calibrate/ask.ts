/** Asks main's Prometheus over ssh, a day at a time: it has 192 MiB, and answers others meanwhile. */
import { type Place, runThere } from "../there";
import { Collected, type Export, MEASURE_NAMES, queryOf } from "./measures";

const API = "http://127.0.0.1:9090/api/v1/query_range";
/** Windows in one answer: a day of ten minutes. */
const AT_ONCE = 144;

/** The last whole hours before a moment, or windows if these are longer or the hour is no multiple of theirs. */
export function frameOf(stack: string, now: number, step: number, windows: number) {
  const whole = 3600 % step === 0 && (windows * step) % 3600 === 0 ? 3600 : step;
  return { stack, from: Math.floor(now / whole) * whole - windows * step, step, windows };
}

type Frame = ReturnType<typeof frameOf>;

const partsOf = (windows: number) =>
  Array.from({ length: Math.ceil(windows / AT_ONCE) }, (_, i) => ({
    first: i * AT_ONCE,
    last: Math.min((i + 1) * AT_ONCE, windows) - 1,
  }));

/** One line of output for each answer, in this order. */
export function script({ from, step, windows }: Frame): string {
  const at = (window: number) => from + step * (window + 1);
  const lines = partsOf(windows).flatMap(({ first, last }, i, { length }) => [
    `echo 'part ${i + 1} of ${length}' >&2`,
    ...MEASURE_NAMES.map((name) => `ask ${at(first)} ${at(last)} '${queryOf(name, step)}'`),
  ]);
  return [
    "set -euo pipefail",
    `ask() { curl -sS --max-time 60 --get ${API} -d start="$1" -d end="$2" -d step=${step} --data-urlencode query="$3"; echo; }`,
    ...lines,
    "",
  ].join("\n");
}

/** @throws Error that says what to do */
export async function askMain(main: Place, frame: Frame, progress: (line: string) => void): Promise<Export> {
  const { code, stdout, stderr } = await runThere(main, {
    run: ["bash", "-s"],
    input: script(frame),
    progress: (line) => line.startsWith("part ") && progress(line),
  });
  const said = stderr
    .trim()
    .split("\n")
    .filter((line) => !line.startsWith("part "))
    .at(-1);
  if (code !== 0)
    throw new Error(
      code === 7
        ? `Prometheus does not run on ${main.name}. Without main.watch nothing is measured; with it: ssh root@${main.name} journalctl -u prometheus`
        : `${main.name} could not be asked: ${said ?? `ssh ended with ${code}`}`,
    );
  return collect(frame, stdout, main.name);
}

/** What the script printed. @throws Error in Prometheus' own words */
export function collect(frame: Frame, printed: string, name = "main"): Export {
  const collected = new Collected(frame);
  const answers = printed.trim().split("\n");
  partsOf(frame.windows).forEach((_, part) => {
    MEASURE_NAMES.forEach((measure, i) => {
      try {
        collected.add(measure, answers[part * MEASURE_NAMES.length + i] ?? "");
      } catch (error) {
        throw new Error(`Prometheus on ${name} cannot say ${measure}: ${(error as Error).message}`);
      }
    });
  });
  return collected.export();
}
