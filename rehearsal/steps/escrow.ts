/**
 * Everything is lost but the buckets and the escrow file: a new stack in emptied accounts takes both. In a separate world, since the first
 * stack is lost for good. What docs/operations.md says ("The state is lost") is done word for word.
 */
import { createVerify } from "node:crypto";
import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { generateIdentity, identityToRecipient } from "age-encryption";
import type { Escrowed } from "../../components/escrowContent";
import { type DigitalOceanAccount, VOLUME } from "../../doubles/digitaloceanAccount";
import type { EngineStack } from "../../doubles/engine/engineStack";
import { importsInRunbook, takeOver } from "../../doubles/engine/takeOver";
import { sql } from "../../lab/databases";
import type { Machine } from "../../lab/machine";
import { settled } from "../load/ledger";
import { Load } from "../load/load";
import { ORDINARY } from "../load/underLoad";
import { StackMachines } from "../machines";
import type { World } from "../world";
import { type StepInputs, succeeded } from "./step";
import { up } from "./up";

const publicKey = async (main: Machine): Promise<string> =>
  (await sql(main, "SELECT public_key FROM accounts WHERE id = -99")).join("\n");
const heldBy = async ({ stack }: EngineStack): Promise<Escrowed> =>
  (await stack.outputs()).escrow?.value as Escrowed;

/** Writes the file; returns its path and the path of the key that opens it. */
async function written({ folder, stack }: World): Promise<{ file: string; key: string }> {
  const identity = await generateIdentity();
  const key = join(folder, "escrow-key.txt");
  writeFileSync(key, `${identity}\n`);
  const to = join(folder, "escrow");
  mkdirSync(to);
  const recipient = await identityToRecipient(identity);
  stack.engine.edit((settings) => Object.assign(settings, { escrow: { recipients: [recipient] } }));
  const args = ["--stack", stack.name, "--to", to];
  const { code, stderr } = await stack.engine.script("operations/escrow/cli.ts", args);
  if (code !== 0) throw new Error(stderr);
  return { file: join(to, readdirSync(to)[0] ?? ""), key };
}

/** Both DigitalOcean accounts are empty, and nothing of the old stack has power. */
async function emptied({ cloud }: World): Promise<void> {
  for (const { dropletId } of cloud.machines.list()) await cloud.machines.powerOff(dropletId, false);
  for (const account of new Set<DigitalOceanAccount>([cloud.main, cloud.workers])) {
    for (const { id } of account.list(VOLUME)) await account.loseVolume(id);
    account.assigned.clear();
    account.shown.clear();
    for (const { type, id } of account.list()) account.remove(type, id);
  }
}

/** A new stack with the settings of before, the tokens, and what the file has. */
async function restored(world: World, { file, key }: { file: string; key: string }): Promise<World> {
  const { cloud } = world;
  const stack = await world.anotherStack();
  const { engine, name } = stack;
  const restore = ["restore", file, "--stack", name, "--identity", key];
  const { code, stderr } = await engine.script("operations/escrow/cli.ts", restore);
  if (code !== 0) throw new Error(stderr);
  if ((await engine.up()).ok) throw new Error("nothing was in the way of the first up");
  const imports = importsInRunbook(stack.names);
  if (imports.length === 0) throw new Error("the runbook imports nothing");
  await takeOver(engine, imports);
  succeeded(await engine.up());
  await stack.read();
  await world.firewalls.sync();
  return { ...world, stack, machines: new StackMachines(cloud.machines, stack) };
}

/** Jobs that sign; each signature is one that the key of before verifies. */
async function signs(world: World, key: string): Promise<number> {
  const load = Load.start(world, { ...ORDINARY, queue: "default", work: { ...ORDINARY.work, signs: true } });
  await sleep(5000);
  await load.stop();
  const jobs = load.acknowledged();
  await settled(world, jobs);
  const [first, last] = [Math.min(...jobs.keys()), Math.max(...jobs.keys())];
  const rows = await sql(
    world.machines.main(),
    `SELECT job, signature FROM measured WHERE job BETWEEN ${first} AND ${last} AND signature IS NOT NULL`,
  );
  if (rows.length === 0 || rows.length < jobs.size)
    throw new Error(`${rows.length} of ${jobs.size} jobs signed`);
  for (const row of rows) {
    const [job = "", signature = ""] = row.split("|");
    if (!createVerify("SHA256").update(job).verify(key, signature, "base64"))
      throw new Error(`the signature of ${job} does not verify`);
  }
  return rows.length;
}

export const escrow = async (world: StepInputs) => {
  const { report, machines, stack } = world;
  if (!(await up(world))) return false;
  const rows = () => sql(machines.main(), "SELECT count(*), max(id) FROM accounts");
  let again: World = world;
  const before = { key: "", held: {} as Escrowed, rows: [] as string[] };
  const kept = { file: "", key: "" };
  const safe = await report.check("the escrow file is written, and a backup is in the bucket", async () => {
    Object.assign(kept, await written(world));
    await machines.main().run("systemctl start mastodon-backup.service", { timeout: 600 });
    Object.assign(before, {
      key: await publicKey(machines.main()),
      held: await heldBy(stack.engine),
      rows: await rows(),
    });
    if (!before.key.includes("PUBLIC KEY")) throw new Error("the instance has no key");
  });
  if (!safe) return false;
  const back = await report.check(
    "state, machines and volume are gone: a new stack comes back from the buckets and the escrow file alone",
    async () => {
      const start = Date.now();
      await emptied(world);
      again = await restored(world, kept);
      const main = again.machines.main();
      const [count] = await sql(main, "SELECT count(*), max(id) FROM accounts");
      if (count !== before.rows[0]) throw new Error(`accounts: ${count}, and there were ${before.rows[0]}`);
      return `${((Date.now() - start) / 1000).toFixed(0)} s`;
    },
  );
  if (!back) return false;
  return report.check(
    "it has the keys of before, and what it signs verifies with the old public key",
    async () => {
      const after = await heldBy(again.stack.engine);
      if (JSON.stringify(after.secrets) !== JSON.stringify(before.held.secrets))
        throw new Error("the secrets differ");
      if ((await publicKey(again.machines.main())) !== before.key) throw new Error("the public key differs");
      return `${await signs(again, before.key)} signatures`;
    },
  );
};
