/** `npm run bench`: everything that can be measured; `-- capacity` or `-- preview --rounds 9` for one of them. */
import { runCommand, wholeNumber } from "../tools/commandLine";
import { benchCapacity } from "./capacity";
import { keep, LIMIT, ratios, table } from "./history";
import { benchPreview } from "./preview";

async function previews(rounds: number): Promise<void> {
  const found = await benchPreview(rounds, (text) => console.error(text));
  console.log(table(found));
  keep(found, rounds);
  const over = ratios(found).filter(({ seconds, memory }) => Math.max(seconds, memory) > LIMIT);
  for (const { name } of over) console.log(`${name}: more than ${LIMIT} of the bare program's`);
  if (over.length > 0) process.exitCode = 1;
}

const HELP = `npm run bench -- [capacity | preview] [options]

Measures the capacity model, then the time and memory of pulumi preview compared with bare programs.

  --rounds N   previews of each kind (default: 5)
  --help       show this help
`;

runCommand(
  {
    help: HELP,
    options: { rounds: { type: "string", default: "5" } } as const,
    words: ["capacity", "preview"],
  },
  async ({ rounds }, only) => {
    const count = wholeNumber("rounds", rounds, 1, 1_000);
    const benches = { capacity: benchCapacity, preview: () => previews(count) };
    for (const [name, bench] of Object.entries(benches)) if (!only || only === name) await bench();
  },
);
