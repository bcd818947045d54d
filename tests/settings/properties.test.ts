/** Whatever a stack file holds, the program ends with settings or with a list of problems. */
import * as pulumi from "@pulumi/pulumi";
import fc from "fast-check";
import { z } from "zod";
import { parseConfiguration } from "../../checks/configuration";
import { settingsSchema } from "../../settings/schema";
import { settingType, unwrap } from "../../settings/schema/values";
import { SECRET_NAMES } from "../../settings/secrets";
import { asTheEngine, REQUIRED } from "../support/stackFile";

const SETTINGS = Object.keys(settingsSchema.shape);
const FIELDS = [
  "server",
  "queues",
  "threads",
  "sidekiq",
  "name",
  "email",
  "accountId",
  "push",
  "region",
  "__proto__",
  "constructor",
];

/** JSON with names that the schema knows deep inside. */
const json = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.oneof(
      fc.string(),
      fc.integer(),
      fc.double(),
      fc.boolean(),
      fc.constant(null),
      fc.constantFrom("default", "nyc3", ""),
    ),
    fc.array(tie("value"), { maxLength: 3 }),
    fc.dictionary(fc.oneof(fc.constantFrom(...FIELDS), fc.string()), tie("value"), { maxKeys: 4 }),
  ),
})).value;

const text = fc.oneof(
  fc.string({ unit: "binary" }),
  json.map((value) => JSON.stringify(value)),
  fc.constantFrom("", "null", "{}", "[]", "1e999", '{"a":'),
);
const key = fc.oneof(
  fc.constantFrom(...SETTINGS),
  fc.constantFrom(...SECRET_NAMES),
  fc.string(),
  fc.constantFrom("__proto__", "toString"),
);
const stackFile = fc.dictionary(key, text, { maxKeys: 8 });

/** The problems' lines; undefined where the configuration was accepted. */
function verdict(raw: Record<string, string>, stack = "prod"): string[] | undefined {
  try {
    parseConfiguration(raw, stack, { isEncrypted: (name) => name.length % 2 === 0 });
    return undefined;
  } catch (error) {
    if (!pulumi.RunError.isInstance(error)) throw error;
    return error.message.split("\n");
  }
}

test("any texts under any names give settings or a RunError that counts its lines, and nothing else", () => {
  fc.assert(
    fc.property(stackFile, fc.string({ maxLength: 25 }), (raw, stack) => {
      const lines = verdict(raw, stack);
      // Without the required ones nothing is ever accepted.
      expect(lines?.[0]).toMatch(/ has (1 problem|\d+ problems)\. Nothing was changed\.$/);
      expect(lines?.slice(1).every((line) => line.startsWith("  - "))).toBe(true);
      expect(lines?.[0]).toContain(` ${(lines?.length ?? 0) - 1} problem`);
    }),
    { numRuns: 400 },
  );
});

test("one wrong setting in a stack that is right otherwise gives problems in this program's words, not in zod's", () => {
  const right = asTheEngine(REQUIRED);
  fc.assert(
    fc.property(fc.constantFrom(...SETTINGS), text, (name, value) => {
      const lines = verdict({ ...right, [name]: value }) ?? [];
      expect(
        lines.filter((line) =>
          /Invalid|expected|received|Unrecognized|Too (small|big)|undefined|NaN|\[object/.test(
            line.replace(/"(\\.|[^"\\])*"/g, '""'),
          ),
        ),
      ).toEqual([]);
      // Secret or not, nothing long is repeated; the longest line lists the queues.
      expect(lines.filter((line) => line.length > 700)).toEqual([]);
    }),
    { numRuns: 600 },
  );
});

test("what was accepted is accepted again, and is the same", () => {
  const accepted = (changes: object) =>
    parseConfiguration(asTheEngine({ ...REQUIRED, ...changes }), "prod", { isEncrypted: () => true })
      .settings;
  const volume = fc.record(
    {
      volumeGiB: fc.integer({ min: 10, max: 16384 }),
      ipv6: fc.boolean(),
      generation: fc.integer({ min: 1 }),
    },
    { requiredKeys: [] },
  );
  fc.assert(
    fc.property(volume, fc.boolean(), (main, monitoring) => {
      const settings = accepted({ main, monitoring });
      expect(accepted(settings)).toEqual(settings);
      expect(settings.main).toMatchObject(main);
    }),
    { numRuns: 30 },
  );
});

test("the type of every setting, however deep, is one that Pulumi.yaml knows", () => {
  const seen: string[] = [];
  const visit = (path: string, schema: z.ZodType): void => {
    seen.push(path);
    const inner = unwrap(schema);
    expect(inner).not.toBeInstanceOf(z.ZodDefault);
    expect(inner).not.toBeInstanceOf(z.ZodPrefault);
    expect(inner).not.toBeInstanceOf(z.ZodOptional);
    expect([path, settingType(schema)]).toEqual([path, settingType(inner)]);
    expect(["string", "integer", "boolean", "array", "object"]).toContain(settingType(schema));
    if (inner instanceof z.ZodObject)
      for (const [name, field] of Object.entries(inner.shape)) visit(`${path}.${name}`, field as z.ZodType);
    if (inner instanceof z.ZodArray) visit(`${path}[]`, inner.element as z.ZodType);
  };
  visit("", settingsSchema);
  expect(seen).toEqual(
    expect.arrayContaining([
      ".main.postgres.maxConnections",
      ".workers[].sidekiq[].threads",
      ".tailnet.admins[]",
    ]),
  );
  expect(seen.length).toBeGreaterThan(70);
});
