/** docs/daily.md: what the three commands of daily life print, taken from here. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Lab, lab, succeeded } from "./lab";

const DOCUMENT = join(__dirname, "../../docs/daily.md");

let prod: Lab;
beforeAll(async () => {
  prod = await lab();
  succeeded(await prod.engine.up());
});
afterAll(() => prod.remove());

/** Lines of progress, and of what stays as it is. */
const NOISE = [
  /^@ /,
  /^Loading policy packs/,
  / (running|refreshing|creating|updating|deleting|deleting original|creating replacement)( \(\d+s\))?( .*)?$/,
  /^ {4}[a-z-]+:\S+ \S+\s*$/,
  / refresh$/,
  // On a busy machine the CLI also says what it is at.
  /^ {4}pulumi:pulumi:Stack \S+ {2}(?!\d+ (error|warning))/,
];

/** What the CLI printed, with what differs from run to run made the same. */
function shown(output: string): string {
  const addresses: string[] = [];
  return output
    .split("\n")
    .map((line) => line.trimEnd())
    .filter((line) => !NOISE.some((noise) => noise.test(line)))
    .map((line) =>
      line
        .replaceAll(/\b(203\.0\.113|198\.51\.100)\.\d+/g, (address) => {
          if (!addresses.includes(address)) addresses.push(address);
          return `198.51.100.${addresses.indexOf(address) + 1}`;
        })
        .replaceAll(/(mastodon-prod-(?:main|general-\d)-)[a-z0-9]{8}/g, "$1abcd1234")
        .replaceAll(/ \(\d+(\.\d+)?s\)/g, "")
        .replace(/^Duration: .*/, "Duration: …"),
    )
    .join("\n")
    .replaceAll(/\n{3,}/g, "\n\n")
    .trim();
}

async function typed(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await prod.engine.cli(...args, "--suppress-outputs");
  const rest = code === 0 ? "" : `\n${stderr.trim()}`;
  return `$ pulumi ${args.filter((arg) => arg !== "--yes").join(" ")}\n${shown(stdout)}${rest}`;
}

test("docs/daily.md has what the commands print", async () => {
  const { engine, cloud } = prod;
  const printed: Record<string, string> = {};
  printed.same = await typed("preview", "--policy-pack", "policy/run");
  engine.edit(({ workers }) => Object.assign(workers[0] ?? {}, { count: 3 }));
  printed.broken = await typed("preview", "--policy-pack", "policy/run");
  engine.edit(({ pricing }) => Object.assign(pricing as object, { limitUsd: 400 }));
  printed.preview = await typed("preview", "--policy-pack", "policy/run");
  printed.up = await typed("up", "--yes", "--policy-pack", "policy/run");
  printed.refresh = await typed("refresh", "--yes");
  const droplet = cloud.main.list().find(({ name }) => name === "main-droplet");
  if (droplet) droplet.inputs.name = "renamed";
  printed.drift = await typed("preview", "--refresh", "--expect-no-changes");
  engine.edit((settings) => Object.assign(settings, { region: "ams3" }));
  printed.refused = await typed("preview");

  let now = readFileSync(DOCUMENT, "utf8");
  for (const [name, text] of Object.entries(printed)) {
    const block = new RegExp(`(<!-- ${name} -->\n\`\`\`console\n)[\\s\\S]*?(\n\`\`\`)`);
    expect([name, block.test(now)]).toEqual([name, true]);
    now = now.replace(block, (_, before, after) => `${before}${text}${after}`);
  }
  if (process.env.UPDATE_GOLDEN) writeFileSync(DOCUMENT, now);
  // Things are made at once, so lines come in any order.
  const lines = (text: string) => text.split("\n").sort();
  expect(lines(readFileSync(DOCUMENT, "utf8"))).toEqual(lines(now));
});
