import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { parse } from "yaml";
import program from "../..";
import { size } from "../../operations/size/cli";
import { makePlan } from "../../plan/plan";
import { type Example, readExample } from "../../settings/stackFile/examples";

const ROOT = join(__dirname, "../..");
const run = (...args: string[]) =>
  spawnSync("node", ["-r", "ts-node/register", "operations/size/cli.ts", ...args], {
    cwd: ROOT,
    encoding: "utf8",
  });

/** Prod with the printed YAML in place of its own settings, as the plan sees it. */
async function planned(printed: string) {
  const prod = readExample("prod");
  const { config } = parse(printed) as { config: Record<string, unknown> };
  const written = Object.fromEntries(
    Object.entries(config).map(([key, value]) => [key, JSON.stringify(value)]),
  );
  // The example's limit is not the proposal's.
  const { "mastodon-hosting:pricing": _, ...kept } = prod.config;
  return (await makePlan({ ...prod, config: { ...kept, ...written } }, program)).plan;
}

test("what is printed is accepted by npm run plan without a warning, for any number of users", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 50_000 }),
      fc.constantFrom("1h", "90m", "4"),
      async (users, hours) => {
        const { warnings, price } = await planned(size(["--active-users", `${users}`, "--catch-up", hours]));
        expect(warnings).toEqual([]);
        expect(price.dropletsAndVolumesUsd).toBeGreaterThan(0);
      },
    ),
    { numRuns: 6 },
  );
});

test("with a budget too small for that: the thrifty one, with exactly the warnings that are printed above it", async () => {
  const printed = size(["--active-users", "300", "--budget", "60"]);
  const { warnings, price } = await planned(printed);
  expect(price.dropletsAndVolumesUsd).toBe(29);
  expect(warnings).toHaveLength(3);
  expect([...printed.matchAll(/^# {3}- (.*)$/gm)].map(([, text]) => text)).toEqual(warnings);
  expect(printed).toContain("# The model accepts it, with warnings.\n");
});

test("the printed figures are the plan's", async () => {
  const printed = size(["--active-users", "6000", "--catch-up", "1h"]);
  const { price } = await planned(printed);
  expect(printed).toMatch(
    new RegExp(`a month, S3 not included +\\$${price.dropletsAndVolumesUsd.toFixed(2)}\n`),
  );
});

test("a stack's own load, assumptions and volume are taken; options go before them", () => {
  const of = (...args: string[]) => parse(size(args, (stack) => readExample(stack as Example))).config;
  const prod = of("--stack", "prod");
  expect(prod["mastodon-hosting:workload"]).toEqual({ activeUsers: 6000 });
  expect(prod["mastodon-hosting:recovery"]).toEqual({ outageHours: 2, catchUpHours: 0.5 });
  expect(prod["mastodon-hosting:main"].volumeGiB).toBe(120);
  const more = of("--stack", "prod", "--active-users", "12000", "--outage", "3h", "--volume", "200");
  expect(more["mastodon-hosting:workload"]).toEqual({ activeUsers: 12_000 });
  expect(more["mastodon-hosting:recovery"]).toEqual({ outageHours: 3, catchUpHours: 0.5 });
  expect(more["mastodon-hosting:main"].volumeGiB).toBe(200);
});

/** The table of the three fleets. */
const rows = (printed: string) =>
  Object.fromEntries(
    [...printed.matchAll(/^# {3}(thrifty|standard|resilient) +(\S+) +(.*)$/gm)].map(
      ([, kind = "", price, rest = ""]) => [kind, { price: Number(price?.slice(1)), rest }],
    ),
  );

test("three fleets are proposed, and --fleet prints each as YAML that the plan accepts for that price", async () => {
  const asked = ["--active-users", "6000", "--catch-up", "30m"];
  const shown = rows(size(asked));
  for (const kind of ["thrifty", "standard", "resilient"]) {
    const printed = size([...asked, "--fleet", kind]);
    expect(rows(printed)).toEqual(shown);
    const { price, warnings, hosts } = await planned(printed);
    expect(price.dropletsAndVolumesUsd).toBe(shown[kind]?.price);
    expect(hosts.length).toBe(kind === "thrifty" ? 1 : 2);
    if (kind !== "thrifty") expect(warnings).toEqual([]);
  }
  expect(shown.resilient?.price).toBeGreaterThan(shown.standard?.price ?? 0);
  expect(shown.thrifty?.rest).toContain("nothing is left");
});

test("a shorter catch-up than the usual one may be had for an hour only", () => {
  const printed = size(["--active-users", "6000", "--catch-up", "30m"]);
  expect(printed).toMatch(
    /# Or with more workers only after an outage: main \S+, general \S+ costs \$(\d+)\.00 a month. Then\n# \d+ more c-2 for \d+ minutes cost \$\d\.\d\d and empty the queues in (\d+) minutes/,
  );
  expect(size(["--active-users", "6000"])).not.toContain("Or for an hour");
  const [, price = "", minutes = ""] =
    /Or with more workers only after an outage: .* costs \$(\d+).*\n.* in (\d+) minutes/.exec(printed) ?? [];
  expect(Number(price)).toBeLessThan(rows(printed).standard?.price ?? 0);
  expect(Number(minutes)).toBeLessThanOrEqual(30);
});

test("what the stack sets of main stays set", () => {
  const example = readExample("small");
  const main = {
    ...JSON.parse(example.config["mastodon-hosting:main"] ?? "{}"),
    ipv6: true,
    generation: 3,
    web: { threads: 4 },
    redis: { maxMemoryMiB: 512 },
  };
  const config = { ...example.config, "mastodon-hosting:main": JSON.stringify(main) };
  const printed = parse(size(["--stack", "small"], () => ({ ...example, config }))).config[
    "mastodon-hosting:main"
  ];
  expect(printed).toMatchObject({
    ipv6: true,
    generation: 3,
    web: { threads: 4 },
    redis: { maxMemoryMiB: 512 },
  });
  expect(Object.keys(printed).filter((key) => key === "size")).toHaveLength(1);
});

test("the same question has the same answer", () => {
  const args = ["--active-users", "23456", "--budget", "900"];
  expect(size(args)).toBe(size(args));
});

test.each([
  [
    "a budget that does not suffice, with what the cheapest would cost",
    ["--active-users", "6000", "--budget", "100"],
    "$100.00 a month are not enough: the cheapest of each kind: thrifty $108.00, standard $150.00, resilient $192.00. A longer --catch-up asks for less.",
  ],
  [
    "more users than one main droplet can serve",
    ["--active-users", "300000"],
    "No fleet with one main droplet is enough: web and its queries take 130.6 vCPUs there at the busy hour, the database of every job comes on top, and the largest size has 48.",
  ],
  ["no users", ["--active-users", "0"], "--active-users is 0; write a whole number from 1 to 10000000."],
  [
    "half a user",
    ["--active-users", "1.5"],
    "--active-users is 1.5; write a whole number from 1 to 10000000.",
  ],
  [
    "a time without meaning",
    ["--active-users", "10", "--catch-up", "soon"],
    "--catch-up is soon; write a time from 6m to 48h, such as 1h or 90m.",
  ],
  [
    "a kind of fleet that does not exist",
    ["--active-users", "10", "--fleet", "cheap"],
    "--fleet is cheap; write thrifty, standard or resilient.",
  ],
  ["no question", [], "Say how many people use it: --active-users N, or --stack STACK."],
  ["a stack that is not there", ["--stack", "nowhere"], "Pulumi.nowhere.yaml"],
])("says plainly: %s", (_, args, message) => {
  expect(() => size(args)).toThrow(message);
});

test("three fleets over the whole catalogue take less than two seconds of CPU", () => {
  // Not of the clock, which on a busy machine is others' work too.
  const start = process.cpuUsage();
  size(["--active-users", "6000", "--catch-up", "20m"]);
  const { user, system } = process.cpuUsage(start);
  expect((user + system) / 1e6).toBeLessThan(2);
});

test("as a command: a fleet on stdout, errors on stderr without a stack trace", () => {
  const { status, stdout, stderr } = run("--active-users", "6000", "--catch-up", "1h", "--budget", "200");
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  expect(stdout).toMatch(/^# 6000 active users/);
  const refused = run("--stack", "nowhere");
  expect({ status: refused.status, stdout: refused.stdout }).toEqual({ status: 1, stdout: "" });
  expect(refused.stderr).not.toMatch(/\n\s+at /);
});

test("docs/sizing.md shows what is really printed", () => {
  const readme = readFileSync(join(ROOT, "docs/sizing.md"), "utf8");
  const [, args = "", shown = ""] = /\$ npm run size -- (.*)\n([\s\S]*?)\n```/.exec(readme) ?? [];
  expect(`${shown}\n`).toBe(size(args.split(" ")));
});
