import { spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { exampleFile } from "../../settings/stackFile/examples";

const ROOT = join(__dirname, "../..");
const PARTS = [
  "catalogue",
  "checks",
  "components",
  "fleet",
  "index.ts",
  "machines",
  "package.json",
  "plan",
  "report",
  "services",
  "settings",
  "tools",
  "tsconfig.json",
];

let copy: string;
beforeAll(() => {
  copy = mkdtempSync(join(tmpdir(), "plan-cli-"));
  for (const part of [...PARTS, "Pulumi.yaml"])
    cpSync(join(ROOT, part), join(copy, part), { recursive: true });
  cpSync(exampleFile("prod"), join(copy, "Pulumi.prod.yaml"));
  rmSync(join(copy, "plan/prod"), { recursive: true, force: true });
  symlinkSync(join(ROOT, "node_modules"), join(copy, "node_modules"));
});
afterAll(() => rmSync(copy, { recursive: true, force: true }));

const plan = (...args: string[]) =>
  spawnSync("node", ["-r", "ts-node/register", "plan/cli.ts", ...args], { cwd: copy, encoding: "utf8" });

test("the plan of prod is printed and written, with each machine's cloud-config", () => {
  const { status, stdout, stderr } = plan();
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  expect(stdout).toMatch(/^Plan of stack prod: https:\/\/shop\.example/);
  expect(readdirSync(join(copy, "plan/prod")).sort()).toEqual([
    "iam-policy-preview.json",
    "iam-policy.json",
    "main.cloud-config.yaml",
    "plan.html",
    "plan.json",
    "plan.md",
    "tailnet-policy.json",
    "workers-general.cloud-config.yaml",
  ]);
});

test("a bad stack exits 1 with every problem and writes nothing", () => {
  writeFileSync(
    join(copy, "Pulumi.bad.yaml"),
    "config:\n  mastodon-hosting:domain: Bad.Example\n  mastodon-hosting:colour: red\n",
  );
  const { status, stdout, stderr } = plan("--stack", "bad");
  expect({ status, stdout }).toEqual({ status: 1, stdout: "" });
  for (const key of [
    "colour",
    "domain",
    "region",
    "owner.email",
    "smtp.server",
    "aws.accountId",
    "tailnet.oauthClientId",
  ]) {
    expect(stderr).toContain(`- ${key} `);
  }
  expect(stderr).not.toMatch(/\n\s+at /);
  expect(existsSync(join(copy, "plan/bad"))).toBe(false);
});

test("a stack without a file says so, without a stack trace", () => {
  const { status, stderr } = plan("--stack", "nowhere");
  expect(status).toBe(1);
  expect(stderr).toContain("Pulumi.nowhere.yaml");
  expect(stderr).not.toMatch(/\n\s+at /);
});
