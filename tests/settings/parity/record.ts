/**
 * Records in cases.yaml what the engine on PATH makes of each case (column `engine`), and leaves the rest of the file alone:
 *
 *     node -r ts-node/register tests/settings/parity/record.ts
 *
 * With --check it writes nothing and fails where the engine no longer does what is recorded, or our reader differs
 * from the engine. A refusal's words may change. Recorded with Pulumi 3.259.0; about half a second a case.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { isDeepStrictEqual } from "node:util";
import { parseDocument } from "yaml";
import { readCases, TABLE } from "./cases";
import { Engine } from "./engine";
import { disagreement } from "./reader";

async function record(check: boolean): Promise<number> {
  const table = parseDocument(readFileSync(TABLE, "utf8"));
  const engine = new Engine();
  await engine.start();
  let wrong = 0;
  try {
    for (const [i, parityCase] of readCases().entries()) {
      const outcome = await engine.ask(parityCase);
      const differs = disagreement({ ...parityCase, engine: outcome });
      if (differs) console.error(`${parityCase.name}: ${differs}`);
      const stale = !isDeepStrictEqual(outcome, parityCase.engine);
      const changed = stale && !("refuses" in outcome && "refuses" in (parityCase.engine ?? {}));
      if (check && changed)
        console.error(`${parityCase.name}: the engine now says ${JSON.stringify(outcome)}`);
      if (differs || (check && changed)) wrong++;
      if (stale) table.setIn([i, "engine"], table.createNode(outcome));
    }
  } finally {
    engine.stop();
  }
  if (!check) writeFileSync(TABLE, table.toString({ lineWidth: 0 }));
  return wrong;
}

record(process.argv.includes("--check")).then((wrong) => {
  console.log(wrong === 0 ? "our reader and the engine agree" : `${wrong} cases differ`);
  process.exitCode = wrong === 0 ? 0 : 1;
});
