/** `npm run bench`: all there is to measure; `-- capacity` or `-- preview --rounds 9` for one. */
import { parseArgs } from "node:util";
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

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { rounds: { type: "string", default: "5" } },
  });
  const rounds = Number(values.rounds);
  if (!Number.isInteger(rounds) || rounds < 1) throw new Error("--rounds is not a number");
  const benches = { capacity: benchCapacity, preview: () => previews(rounds) };
  const [only] = positionals;
  if (only && !Object.hasOwn(benches, only))
    throw new Error(`${only} is not ${Object.keys(benches).join(" or ")}`);
  for (const [name, bench] of Object.entries(benches)) if (!only || only === name) await bench();
}

main().catch((error: Error) => {
  console.error(error.message);
  process.exitCode = 1;
});
