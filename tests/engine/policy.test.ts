/** The policy pack beside the program, as CI runs it. */
import type { Run } from "../../doubles/engine/engineStack";
import { figure, type Lab, lab, succeeded } from "./lab";

const PACK = { policyPacks: ["policy/run"] };

let prod: Lab;
beforeAll(async () => {
  prod = await lab();
});
afterAll(() => prod.remove());

/** `LEVEL RULE on RESOURCE: WHAT` of everything that the pack said. */
const said = ({ events }: Run) =>
  events.flatMap(({ policyEvent: e }) =>
    e
      ? [
          `${e.enforcementLevel} ${e.policyName} on ${e.resourceUrn?.split("::").at(-1)}: ${e.message.trim().split("\n").at(-1)?.trim()}`,
        ]
      : [],
  );

test("a first preview of prod keeps every rule; a bucket's policy is known only to an up", async () => {
  const preview = succeeded(await prod.engine.preview(PACK));
  expect(preview.output).toContain("mastodon-hosting@v0.2.0 (local: policy/run)");
  // Policies run beside each other: which of the two speaks first is nobody's promise.
  expect(said(preview).sort()).toEqual(
    ["backups-policy", "media-policy"].map((name) =>
      expect.stringContaining(`advisory unlistable-buckets on ${name}: `),
    ),
  );
  figure(`first preview with the policy pack: ${preview.seconds.toFixed(1)} s`);
});

test("pulumi up that would break a rule makes nothing: its own preview fails first", async () => {
  const undo = prod.engine.editProgram(
    "components/firewall.ts",
    '"icmp", sourceAddresses',
    '"tcp", portRange: "22", sourceAddresses',
  );
  const up = await prod.engine.cli("up", "--yes", "--policy-pack", "policy/run");
  undo();
  expect(up.code).not.toBe(0);
  expect(up.stdout).toContain("[mandatory]  public-ports  (digitalocean:index:Firewall: main-firewall)");
  expect(up.stdout).toContain("It opens tcp 22; only tcp 80, tcp 443, udp 41641 may be public.");
  expect(prod.cloud.journal.lines("create")).toEqual([]);
});

test("an up of prod keeps every rule", async () => {
  expect(said(succeeded(await prod.engine.up(PACK)))).toEqual([]);
  expect(prod.cloud.journal.lines("create").length).toBeGreaterThan(60);
});

/** Rule → a change of the program that breaks it. */
const BROKEN: [string, string, string, string][] = [
  ["one-region", "components/providers.ts", "region: settings.aws.region as", 'region: "eu-west-1" as'],
  [
    "protected-data",
    "components/instanceSecrets.ts",
    "const once = { parent: this, protect }",
    "const once = { parent: this }",
  ],
  [
    "unlistable-buckets",
    "components/bucketRules.ts",
    'Action: "s3:GetObject"',
    'Action: ["s3:GetObject", "s3:ListBucket"]',
  ],
  [
    "tagged-droplets",
    "components/machine.ts",
    "tags: [args.account.tag, args.firewall.tag]",
    "tags: [args.firewall.tag]",
  ],
  ["behind-firewalls", "components/firewall.ts", "tags: [tag.name]", "tags: []"],
];

test.each(BROKEN)("%s: a program that breaks it fails in the preview", async (rule, file, from, to) => {
  const undo = prod.engine.editProgram(file, from, to);
  const preview = await prod.engine.preview(PACK);
  undo();
  expect(preview.ok).toBe(false);
  expect(new Set(said(preview).map((line) => line.split(" ")[1]))).toEqual(new Set([rule]));
});

test("a stack above its limit fails in the preview", async () => {
  const limit = (limitUsd: number) =>
    prod.engine.edit(({ pricing }) => {
      (pricing as Record<string, unknown>).limitUsd = limitUsd;
    });
  limit(308);
  const preview = await prod.engine.preview(PACK);
  limit(350);
  expect(preview.ok).toBe(false);
  expect(said(preview)).toEqual([
    "mandatory price-limit on mastodon-hosting-prod: It would cost $309.66 a month, and pricing.limitUsd is 308. Raise the limit in the same change if you want that.",
  ]);
});
