/**
 * The doubles' own table (inputs, types, what is required, what replaces, what is secret) against the providers' schemas, where
 * there are any: `PROVIDER_SCHEMAS=FOLDER npx jest tests/doubles/reference`, with FOLDER/NAME.json from
 * `pulumi package get-schema NAME > NAME.json`.
 */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { AwsDouble } from "../../doubles/aws";
import { AwsAccount } from "../../doubles/awsAccount";
import { DigitalOceanDouble } from "../../doubles/digitalocean";
import { Faults } from "../../doubles/faults";
import { Journal } from "../../doubles/journal";
import type { Kind } from "../../doubles/provider";
import { RandomDouble } from "../../doubles/random";
import { TailscaleDouble } from "../../doubles/tailscale";
import { TlsDouble } from "../../doubles/tls";
import { deviations, references } from "./reference";

const kind = (inputs: Kind<never>["inputs"], computed: string[] = [], secrets: string[] = []) =>
  ({ inputs, computed, secrets, create: () => ({ id: "1" }) }) as Kind<never>;

const KEYS = {
  "box:index/key:Key": kind(
    { size: { type: "integer", required: true }, label: { type: "string" }, colour: { type: "string" } },
    ["text", "date"],
    ["date"],
  ),
  "box:index/lock:Lock": kind({}),
};
const SAID = [
  "Key.owner is required, and unknown to the double",
  "Key.size is of type string, not integer",
  "Key.size is not required",
  "Key.size replaces",
  "Key.colour is no input",
  "Key.text is secret",
  "Key.date is no output",
  "Lock is not in the schema",
];

test("whatever a double says otherwise than its provider's schema is named", () => {
  const inputs = {
    owner: { type: "string", required: true },
    size: { type: "string", replaces: true },
    label: { type: "string" },
    other: { type: "string[]" },
  };
  const computed = { text: { type: "string", secret: true } };
  expect(deviations(KEYS, references({ resources: { "box:index/key:Key": { inputs, computed } } }))).toEqual(
    SAID,
  );
});

test("so it is with a schema as pulumi package get-schema prints it", () => {
  const inputProperties = {
    owner: { type: "string" },
    size: { type: "string", willReplaceOnChanges: true },
    label: { type: "string" },
    other: { type: "array", items: { type: "string" } },
  };
  const properties = { ...inputProperties, text: { type: "string", secret: true } };
  const printed = { inputProperties, requiredInputs: ["owner"], properties };
  expect(deviations(KEYS, references({ resources: { "box:index/key:Key": printed } }))).toEqual(SAID);
});

const folder = process.env.PROVIDER_SCHEMAS;
const [journal, faults] = [new Journal(), new Faults()];
const doubles = [
  new AwsDouble(journal, faults, new AwsAccount("1")),
  new DigitalOceanDouble(journal, faults, new Map()),
  new RandomDouble(journal, faults),
  new TailscaleDouble(journal, faults, new Map()),
  new TlsDouble(journal, faults),
];
const compared = doubles.flatMap((double) => {
  const path = join(folder ?? "", `${double.package}.json`);
  return folder && existsSync(path) ? [{ double, path }] : [];
});

// Registers nothing where there are no schemas: a test that skips itself counts as failed in CI.
if (folder) {
  test("there are schemas", () => expect(compared.length).toBeGreaterThan(0));
  for (const { double, path } of compared) {
    test(`${double.package}: the double says what ${path} says`, () => {
      const kinds = double.kinds as Readonly<{ [type: string]: Kind<never> }>;
      expect(deviations(kinds, references(JSON.parse(readFileSync(path, "utf8"))))).toEqual([]);
    });
  }
} else process.stdout.write("PROVIDER_SCHEMAS is not set: the doubles are not compared with any schema\n");
