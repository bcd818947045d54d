/** What is generated from settings/schema/, and what the engine and editors make of it. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import Ajv2020 from "ajv/dist/2020";
import { parse as parseYaml } from "yaml";
import { generatedFiles } from "../../generate/settings";
import { settingsSchema } from "../../settings/schema";
import { SECRET_NAMES } from "../../settings/secrets";
import { EXAMPLES, type Example, exampleFile } from "../../settings/stackFile/examples";

const ROOT = join(__dirname, "../..");
const text = (file: string) => readFileSync(join(ROOT, file), "utf8");

describe("settings/schema/ is the one list of settings: run `npm run settings` where this fails, and commit", () => {
  test.each([
    "Pulumi.yaml",
    "docs/settings.md",
    "docs/hosts.md",
    "docs/watching.md",
    "docs/grafana/mastodon.json",
    "settings/stack.schema.json",
  ])("%s is what it generates", (file) => {
    const lines = (content = "") => content.split("\n");
    // By lines, so that a failure shows the ones that differ.
    expect(lines(text(file))).toEqual(lines(generatedFiles()[file]));
  });
});

describe("Pulumi.yaml", () => {
  interface Declaration {
    type: string;
    items?: { type: string };
    description: string;
    default: unknown;
    secret?: boolean;
  }
  const project = parseYaml(text("Pulumi.yaml")) as {
    name: string;
    runtime: object;
    config: Record<string, Declaration>;
  };
  const { "pulumi:disable-default-providers": disabled, ...declared } = project.config;

  test("forbids default providers, so that no resource ends up in the wrong account", () => {
    expect(disabled).toEqual({ value: ["*"] });
  });

  test("declares every setting, with the type that the engine is to check", () => {
    expect(
      Object.fromEntries(
        Object.entries(declared).map(([key, { type, items }]) => [
          key,
          items ? `${type} of ${items.type}` : type,
        ]),
      ),
    ).toEqual({
      domain: "string",
      webDomain: "string",
      mediaDomain: "string",
      region: "string",
      mastodonVersion: "string",
      upgrade: "object",
      owner: "object",
      main: "object",
      workers: "array of object",
      workload: "object",
      recovery: "object",
      assumptions: "object",
      workerAccount: "string",
      mail: "string",
      smtp: "object",
      alerts: "object",
      remoteWrite: "object",
      dnsZone: "string",
      aws: "object",
      media: "object",
      backups: "object",
      tailnet: "object",
      administratorKeys: "array of string",
      acme: "string",
      upkeep: "object",
      monitoring: "boolean",
      readiness: "string",
      protect: "boolean",
      escrow: "object",
      postgresVersion: "integer",
      pricing: "object",
      extraEnv: "object",
    });
    expect(Object.keys(declared)).toEqual(Object.keys(settingsSchema.shape));
  });

  test("declares no secret: the engine would demand each of them", () => {
    expect(Object.keys(declared).filter((key) => (SECRET_NAMES as string[]).includes(key))).toEqual([]);
    expect(Object.values(declared).filter(({ secret }) => secret)).toEqual([]);
  });

  test("gives each a default, so that the engine refuses nothing before the program can report everything", () => {
    for (const [key, { default: value, type }] of Object.entries(declared)) {
      const kind = Array.isArray(value) ? "array" : Number.isInteger(value) ? "integer" : typeof value;
      expect([key, kind]).toEqual([key, type]);
    }
  });

  test("describes each, and what is inside a map", () => {
    expect(
      Object.entries(declared)
        .filter(([, { description }]) => !(description.length > 10))
        .map(([key]) => key),
    ).toEqual([]);
    expect(declared.domain?.description).toMatch(/^Required\. /);
    expect(declared.aws?.description).toContain(
      "- aws.accountId: The only AWS account that the program may change (required)",
    );
    expect(declared.smtp?.description).toContain("(default 2525)");
  });

  test("names the secrets in comments", () => {
    for (const name of SECRET_NAMES) expect(text("Pulumi.yaml")).toContain(`#   ${name}: `);
  });

  test("runs index.ts with ts-node, without a build", () => {
    expect(project).toMatchObject({
      name: "mastodon-hosting",
      runtime: { name: "nodejs", options: { typescript: true } },
    });
  });
});

describe("the editors' schema of a stack file", () => {
  const validate = new Ajv2020({ allErrors: true, allowUnionTypes: true }).compile(
    JSON.parse(text("settings/stack.schema.json")),
  );
  const stackFile = (stack: Example) =>
    parseYaml(readFileSync(exampleFile(stack), "utf8")) as { config: Record<string, unknown> };
  const changed = (key: string, value: unknown) => {
    const file = stackFile("prod");
    return { ...file, config: { ...file.config, [`mastodon-hosting:${key}`]: value } };
  };

  test.each(EXAMPLES)("accepts the worked stack %s", (stack) => {
    validate(stackFile(stack));
    expect(validate.errors).toBeNull();
  });

  test.each([
    ["an encrypted secret", changed("smtpPassword", { secure: "v1:abc" })],
    [
      "another namespace",
      { config: { "aws:region": "us-east-1", "pulumi:disable-default-providers": ["*"] } },
    ],
    [
      "what the engine adds",
      { ...stackFile("prod"), secretsprovider: "awskms://alias/x", encryptedkey: "x" },
    ],
    ["a file without settings", {}],
    ["what `pulumi config set protect false` writes", changed("protect", "false")],
  ])("accepts %s", (_, file) => {
    validate(file);
    expect(validate.errors).toBeNull();
  });

  test.each([
    ["an unknown key", changed("domian", "x")],
    ["an unknown key inside a map", changed("smtp", { sever: "x" })],
    [
      "a pool with a region of its own",
      changed("workers", [{ name: "a", region: "fra1", sidekiq: [{ queues: ["default"], threads: 5 }] }]),
    ],
    ["a secret in plain text", changed("smtpPassword", "hunter2")],
    ["a wrong type", changed("protect", "yes")],
    ["a region without volumes", changed("region", "nyc4")],
    ["an unquoted account number", changed("aws", { accountId: 123456789012 })],
    ["threads out of range", changed("main", { sidekiq: [{ queues: ["push"], threads: 51 }] })],
    ["an unknown queue", changed("main", { sidekiq: [{ queues: ["pushh"], threads: 5 }] })],
    ["a process without queues", changed("main", { sidekiq: [{ queues: {}, threads: 5 }] })],
  ])("refuses %s", (_, file) => {
    expect(validate(file)).toBe(false);
  });

  test("describes every setting and secret, for completion", () => {
    const { properties } = JSON.parse(text("settings/stack.schema.json")).properties.config as {
      properties: Record<string, { description?: string }>;
    };
    const keys = [...Object.keys(settingsSchema.shape), ...SECRET_NAMES].map(
      (name) => `mastodon-hosting:${name}`,
    );
    expect(Object.keys(properties)).toEqual(keys);
    expect(keys.filter((key) => !properties[key]?.description)).toEqual([]);
  });
});

describe.each(EXAMPLES)("the worked stack %s", (stack) => {
  const yaml = readFileSync(exampleFile(stack), "utf8");

  test("holds no secret and no key of a stack that once was", () => {
    expect(yaml).not.toMatch(/secure:|encryptionsalt|encryptedkey|secretsprovider/);
  });

  test("sets only what is in the catalogue", () => {
    const { config } = parseYaml(yaml) as { config: object };
    const known = Object.keys(settingsSchema.shape).map((name) => `mastodon-hosting:${name}`);
    expect(Object.keys(config).filter((key) => !known.includes(key))).toEqual([]);
  });

  test("names its schema for editors", () => {
    expect(yaml.split("\n")[0]).toBe("# yaml-language-server: $schema=settings/stack.schema.json");
  });
});
