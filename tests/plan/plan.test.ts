import { readFileSync } from "node:fs";
import { join } from "node:path";
import Ajv2020 from "ajv/dist/2020";
import program from "../..";
import { planMarkdown } from "../../plan/markdown";
import { makePlan, type PlanResult } from "../../plan/plan";
import { planSchema } from "../../plan/schema";
import { planText } from "../../plan/text";
import { SECRET_NAMES } from "../../settings/secrets";
import { EXAMPLES, readExample } from "../../settings/stackFile/examples";
import type { StackConfig } from "../../settings/stackFile/stackFile";
import { asDifferences, expectGolden } from "./golden";

const ROOT = join(__dirname, "../..");
const README = readFileSync(join(ROOT, "README.md"), "utf8");
const planOf = (stackConfig: StackConfig) => makePlan(stackConfig, program);

/** What the two cheap examples pay for their price with. */
const UNAVOIDABLE = /^protect|one droplet|shared CPUs|^alerts/;

/** prod's files: its pool of workers stands for any. */
let prod: PlanResult;
beforeAll(async () => {
  prod = await planOf(readExample("prod"));
});
const alikeInProd = (names: readonly string[]): Record<string, string> => {
  const { tailnetPolicy, cloudConfigs } = prod;
  const [workers = ""] = Object.keys(cloudConfigs).filter((name) => name.startsWith("workers-"));
  const like = (name: string) => cloudConfigs[name.startsWith("workers-") ? workers : name] ?? tailnetPolicy;
  return Object.fromEntries(names.map((name) => [name, like(name)]));
};

describe.each(EXAMPLES)("the plan of %s", (stack) => {
  let result: PlanResult;
  beforeAll(async () => {
    result = await planOf(readExample(stack));
  });

  test("is the golden one: report and every machine's files", () => {
    const machines = { "tailnet-policy.json": result.tailnetPolicy, ...result.cloudConfigs };
    expectGolden(stack, {
      "plan.md": planMarkdown(result.plan),
      "plan.txt": planText(result.plan),
      ...(stack === "prod" ? machines : asDifferences(machines, alikeInProd(Object.keys(machines)))),
    });
  });

  test("has no warning that the example could avoid", () => {
    const avoidable = result.plan.warnings.filter(
      (warning) => stack === "prod" || !UNAVOIDABLE.test(warning),
    );
    expect(avoidable).toEqual([]);
  });

  test("fits the documented schema of plan.json", () => {
    expect(planSchema.safeParse(result.plan).error).toBeUndefined();
    const validate = new Ajv2020().compile(
      JSON.parse(readFileSync(join(ROOT, "plan/plan.schema.json"), "utf8")),
    );
    validate(JSON.parse(JSON.stringify(result.plan)));
    expect(validate.errors).toBeNull();
    expect(Object.keys(result.plan)[0]).toBe("resources");
  });

  test("costs what the README says", () => {
    const [, price] = new RegExp(`^\\| \\[\`${stack}\`\\].* \\| \\$(\\d+) \\|`, "m").exec(README) ?? [];
    expect(Number(price)).toBe(Math.round(result.plan.price.dropletsAndVolumesUsd));
  });

  test("has every resource on an explicit provider and under a component", () => {
    const loose = result.plan.resources.filter(
      ({ component, type, provider, parent }) =>
        !component && !type.startsWith("pulumi:providers:") && (!provider || !parent),
    );
    expect(loose).toEqual([]);
  });

  // DigitalOcean's wall is 64 KiB; this one shows what a change adds.
  test("keeps the largest user data within 59 KiB", () => {
    expect(Math.max(...result.plan.hosts.map(({ userDataBytes }) => userDataBytes))).toBeLessThanOrEqual(
      59 * 1024,
    );
  });
});

describe("secrets in a plan", () => {
  test("each missing required one is listed with its command", async () => {
    const { plan } = await planOf(readExample("prod"));
    expect(plan.toSetBeforeUp.secrets.map(({ command }) => command)).toEqual([
      "pulumi config set --secret digitaloceanToken --stack prod",
      "pulumi config set --secret digitaloceanWorkerToken --stack prod",
      "pulumi config set --secret tailscaleOauthClientSecret --stack prod",
      "pulumi config set --secret smtpPassword --stack prod",
    ]);
  });

  test("encrypted ones are taken as given, all of them", async () => {
    const prod = readExample("prod");
    const encrypted = SECRET_NAMES.map((name) => `mastodon-hosting:${name}`);
    const { plan } = await planOf({ ...prod, encrypted });
    expect(plan.toSetBeforeUp.secrets).toEqual([]);
    expect(plan.resources.filter(({ type }) => type.startsWith("random:index/randomPassword"))).toEqual([]);
  });

  test("one in plain text is refused, and its value is not repeated", async () => {
    const prod = readExample("prod");
    const config = { ...prod.config, "mastodon-hosting:digitaloceanToken": "dop_v1_canary" };
    const refused = await planOf({ ...prod, config }).catch((error: Error) => error.message);
    expect(refused).toContain("digitaloceanToken is in plain text in the stack file");
    expect(refused).not.toContain("canary");
  });
});

test("a configuration that is refused gives no plan but every problem", async () => {
  const prod = readExample("prod");
  const config = { ...prod.config, "mastodon-hosting:region": "mars1", "mastodon-hosting:mail": "pigeon" };
  await expect(planOf({ ...prod, config })).rejects.toThrow(/region is "mars1".*\n.*mail is "pigeon"/s);
});

test("the README shows what the plan really prints", () => {
  const [, shown = ""] = /\$ npm ci && npm run plan\n([\s\S]*?)\n```/.exec(README) ?? [];
  const printed = readFileSync(join(__dirname, "golden/prod/plan.txt"), "utf8").split("\n");
  // "…" stands for lines, or the end of a line, that are left out.
  const missing = shown
    .split("\n")
    .filter(
      (line) =>
        !printed.some((whole) => (line.endsWith("…") ? whole.startsWith(line.slice(0, -1)) : whole === line)),
    );
  expect(shown.split("\n").length).toBeGreaterThan(20);
  expect(missing).toEqual([]);
});
