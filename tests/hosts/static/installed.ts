/** Machines that have a bundle's files in place, and nothing of them started: each file's own tool is asked about it. */

import type { Machine } from "../../../lab/machine";
import { bundleJson, type HostBundle } from "../../../machines/bundle";
import { hostFile } from "../../../services/hostFile";
import type { Lab } from "../lab";

/** One machine a bundle, booted without it; the bundle's own installer then puts it there. */
export async function installed(lab: Lab, ...bundles: HostBundle[]): Promise<Machine[]> {
  const machines: Machine[] = [];
  // One after the other: each takes the lab's next number.
  for (const bundle of bundles)
    machines.push(await lab.machine(bundle, { userData: "#cloud-config\n", docker: undefined }));
  await Promise.all(
    machines.map(async (machine, i) => {
      await machine.start();
      await machine.booted();
      machine.write("/root/bundle.json", bundleJson(bundles[i] as HostBundle), 0o600);
      await machine.run("python3 - install /root/bundle.json", { input: hostFile("system/host-bundle") });
    }),
  );
  return machines;
}

export interface Check {
  /** The tool, and what it is asked about. */
  name: string;
  command: string;
  /** A file that the tool reads, and a slip in it. */
  slip: { path: string; from: string | RegExp; to: string };
  /** What the tool says about the slip. */
  says: string | RegExp;
}

/**
 * The tool has no objection to the file as it is, and one as soon as the slip is in it.
 * A tool whose exit code tells nothing is made to fail by its command.
 */
export async function check(machine: Machine, { command, slip, says }: Check): Promise<void> {
  const accepted = await machine.attempt(command);
  expect([accepted.code, accepted.stdout + accepted.stderr]).toEqual([0, expect.anything()]);
  const text = machine.read(slip.path);
  const slipped = text.replace(slip.from, slip.to);
  expect(slipped).not.toBe(text);
  machine.write(slip.path, slipped);
  const refused = await machine.attempt(command);
  machine.write(slip.path, text);
  expect([refused.code === 0, refused.stdout + refused.stderr]).toEqual([
    false,
    typeof says === "string" ? expect.stringContaining(says) : expect.stringMatching(says),
  ]);
}
