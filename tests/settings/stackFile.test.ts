import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readStackConfig, StackFileError } from "../../settings/stackFile/stackFile";

let dir = "";
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "stack-file-"));
});
afterEach(() => rmSync(dir, { recursive: true }));

const project = (config: string) =>
  writeFileSync(join(dir, "Pulumi.yaml"), `name: mastodon-hosting\nruntime: nodejs\nconfig:\n${config}`);
const stack = (text: string | Uint8Array, name = "prod") =>
  writeFileSync(join(dir, `Pulumi.${name}.yaml`), text);

function problems(name = "prod"): string[] {
  try {
    readStackConfig(dir, name);
  } catch (error) {
    if (error instanceof StackFileError) return error.problems;
    throw error;
  }
  return [];
}

test("what the stack sets, what the project sets and the defaults are one configuration", () => {
  project(
    '  domain: {type: string}\n  main: {type: object, default: {size: c-4}}\n  pulumi:disable-default-providers: {value: ["*"]}\n',
  );
  stack("config:\n  mastodon-hosting:domain: social.example\n  aws:region: eu-central-1\n");
  expect(readStackConfig(dir, "prod")).toEqual({
    project: "mastodon-hosting",
    stack: "prod",
    config: {
      "aws:region": "eu-central-1",
      "mastodon-hosting:domain": "social.example",
      "mastodon-hosting:main": '{"size":"c-4"}',
      "pulumi:disable-default-providers": '["*"]',
    },
    encrypted: [],
    encryptedAt: [],
    reread: [],
  });
});

test("an encrypted value is named and stays unread, also inside an object", () => {
  project("  token: {type: string, secret: true}\n  main: {type: object}\n");
  stack("config:\n  token: {secure: abc}\n  main: {size: c-4, password: {secure: def}}\n  other: x\n");
  const { config, encrypted, encryptedAt } = readStackConfig(dir, "prod");
  expect(config).toEqual({ "mastodon-hosting:other": "x" });
  expect(encryptedAt).toEqual(["mastodon-hosting:main.password", "mastodon-hosting:token"]);
  expect(encrypted).toEqual(["mastodon-hosting:main", "mastodon-hosting:token"]);
});

test("all problems come in one message, each with file, key and what to write", () => {
  project(
    "  domain: {type: string}\n  token: {type: string, secret: true}\n  key: {type: string, secret: true}\n" +
      "  count: {type: integer, default: 1}\n  pools: {type: array, items: {type: object}, default: []}\n",
  );
  stack("config:\n  key: plain\n  count: four\n  pools: [a]\n");
  expect(() => readStackConfig(dir, "prod")).toThrow(
    [
      "The configuration of stack prod cannot be used:",
      "- Pulumi.prod.yaml, mastodon-hosting:domain: is missing and has no default: write it, or run pulumi config set --stack prod mastodon-hosting:domain",
      "- Pulumi.prod.yaml, mastodon-hosting:token: is missing and has no default: write it, or run pulumi config set --secret --stack prod mastodon-hosting:token",
      "- Pulumi.prod.yaml, mastodon-hosting:key: is a secret in plain text: run pulumi config set --secret --stack prod mastodon-hosting:key",
      "- Pulumi.prod.yaml, mastodon-hosting:count: is not of type integer: write a whole number, such as 4",
      "- Pulumi.prod.yaml, mastodon-hosting:pools: is not of type array<object>: write a list, such as [a, b], of that type",
    ].join("\n"),
  );
});

test("an error in either file is told with its place, those of both files together", () => {
  project("  domain: {type: text}\n  region: {type: string, default: 4}\n");
  stack("config:\n  a: b: c\n");
  expect(problems()).toEqual([
    'Pulumi.yaml, config, domain: type: Invalid option: expected one of "string"|"integer"|"boolean"|"array"|"object": write type, default, description, secret or value below it',
    "Pulumi.yaml, config, region: default is not of type string: write a string (quote a number or a date)",
    "Pulumi.prod.yaml: Nested mappings are not allowed in compact mappings at line 2, column 6",
  ]);
});

test("a missing key of a missing file says that the file is missing", () => {
  project("  domain: {type: string}\n");
  expect(problems("prdo")).toEqual([
    "Pulumi.prdo.yaml (which does not exist), mastodon-hosting:domain: is missing and has no default: write it, or run pulumi config set --stack prdo mastodon-hosting:domain",
  ]);
});

test("without a Pulumi.yaml there is nothing to read", () => {
  expect(problems()).toEqual([`${join(dir, "Pulumi.yaml")} does not exist`]);
});

test("a stack's name cannot lead to another folder", () => {
  project("  region: {type: string, default: fra1}\n");
  expect(problems("../prod")).toEqual([
    '"../prod" is not a stack name: write letters, digits, and any of - _ . (such as prod)',
  ]);
});

// The engine takes one of the two by chance, so the table cannot have this.
test("a key that appears twice, with and without namespace, is refused", () => {
  project("  domain: {type: string}\n");
  stack("config:\n  domain: a.example\n  mastodon-hosting:domain: b.example\n");
  expect(problems()).toEqual(["Pulumi.prod.yaml, mastodon-hosting:domain: appears twice: keep one"]);
});

test("a file that is not UTF-8 is refused", () => {
  project("  domain: {type: string}\n");
  stack(Uint8Array.from([...Buffer.from("config: {domain: "), 0xe9, 0x7d]));
  expect(problems()).toEqual(["Pulumi.prod.yaml: The encoded data was not valid for encoding utf-8"]);
});
