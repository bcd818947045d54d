/** YAML as the engine's parser (Go's yaml.v3) reads it. tests/settings/parity has what the engine made of each case. */
import {
  type Document,
  isCollection,
  isPair,
  isScalar,
  isSeq,
  type Node,
  type Pair,
  parseAllDocuments,
  type ScalarTag,
  visit,
} from "yaml";

/** One resolver for every plain scalar: Go's rules are neither those of YAML 1.1 nor of 1.2 (yes is a string, 012 is 10). */
const plainScalar: ScalarTag = { tag: "!plain", default: true, test: /(?:)/, resolve: readPlain };

/** A plain scalar that is not a string: where it is, what is written, and how it is read. */
export interface PlainScalar {
  path: (string | number)[];
  source: string;
  value: unknown;
}

/** @throws Error with the place in the file */
export function parseGoYaml(text: string): { root: unknown; scalars: () => PlainScalar[] } {
  const document = documentOf(text);
  return {
    root: document?.toJS({ mapAsMap: true }) ?? new Map(),
    scalars: () => (document ? plainScalars(document) : []),
  };
}

function plainScalars(document: Document.Parsed): PlainScalar[] {
  const found: PlainScalar[] = [];
  visit(document, {
    Scalar: (key, { type, value, source = "" }, above) => {
      if (type === "PLAIN" && key !== "key" && typeof value !== "string")
        found.push({ path: pathOf(above, key), source, value });
    },
  });
  return found;
}

/** Names and indices from the root to a node, from its parents and its place in the last of them. */
function pathOf(above: readonly (Document | Node | Pair)[], last: unknown): (string | number)[] {
  return above.flatMap((parent, i): (string | number)[] => {
    if (isPair(parent)) return [isScalar(parent.key) ? String(parent.key.value) : "?"];
    if (!isSeq(parent)) return [];
    const child = above[i + 1];
    return [child ? parent.items.indexOf(child) : Number(last)];
  });
}

function documentOf(text: string): Document.Parsed | undefined {
  // yaml.v3 reads these as line breaks, or refuses them; other parsers read them as letters.
  const odd =
    /[\x85\u2028\u2029]|[^\t\n\r -~\xa0-\ud7ff\ue000-\ufefe\uff00-\ufffd\u{10000}-\u{10ffff}]/u.exec(text);
  if (odd) {
    const code = odd[0].codePointAt(0)?.toString(16).padStart(4, "0");
    throw new Error(`has the character U+${code}: write "\\u${code}" in double quotes`);
  }
  // The engine ignores a second document, too.
  const [document] = parseAllDocuments(text, {
    schema: "failsafe",
    customTags: [plainScalar, "merge"],
    resolveKnownTags: false,
    uniqueKeys: (a, b) => isScalar(a) && isScalar(b) && a.source === b.source,
  });
  if (!document) return undefined;
  const error =
    document.errors[0] ?? document.warnings.find(({ message }) => message.includes("tag:yaml.org,2002:"));
  if (error) throw error;
  visit(document, {
    Alias: (_, alias, above) => {
      const named = alias.resolve(document);
      if (named && above.includes(named))
        throw new Error(`*${alias.source} is inside the value that it names`);
    },
    Scalar: (_, scalar, above) => {
      if (scalar.type !== "PLAIN") return;
      const [start, end] = scalar.range ?? [0, 0];
      // Within brackets, yaml.v3 reads "a:" as a string, and refuses ":a" and "a?".
      if (
        /^:|\?|:[,\]}]$/.test(text.slice(start, end + 2)) &&
        above.some((node) => isCollection(node) && node.flow)
      ) {
        throw new Error(`${scalar.source} is within brackets: quote it`);
      }
      // yaml.v3 ignores a lone "!".
      if (scalar.tag === "!") scalar.value = readPlain(scalar.source ?? "");
    },
  });
  return document;
}

function readPlain(text: string): unknown {
  if (/^(?:~|null|Null|NULL|)$/.test(text)) return null;
  if (/^(?:true|True|TRUE|false|False|FALSE)$/.test(text)) return text[0]?.toLowerCase() === "t";
  if (/^[-+]?\.(?:inf|Inf|INF)$/.test(text)) return text[0] === "-" ? -Infinity : Infinity;
  if (/^\.(?:nan|NaN|NAN)$/.test(text)) return NaN;
  if (!/^[-+.\d]/.test(text)) return text;
  return Timestamp.parse(text) ?? readNumber(text);
}

function readNumber(text: string): bigint | number | string {
  // Go drops every underscore, except in a text that begins with a point: there it must separate digits.
  if (/^\.(?!\d+(_\d+)*(e|$))/i.test(text)) return text;
  const digits = text.replaceAll("_", "");
  const whole = /^([-+]?)(0x[\da-f]+|0b[01]+|0o?[0-7]+|0|[1-9]\d*)$/i.exec(digits);
  if (whole) {
    const size = BigInt((whole[2] as string).replace(/^0o?(?=\d)/i, "0o"));
    const integer = whole[1] === "-" ? -size : size;
    // Beyond 64 bits Go tries to read a float; a hexadecimal number becomes a string.
    if (isInt64(integer) || (whole[1] === "" && integer < 2n ** 64n)) return integer;
  }
  if (!/^[-+]?(\.\d+|\d+(\.\d*)?)([eE][-+]?\d+)?$/.test(digits) || !Number.isFinite(Number(digits)))
    return text;
  const float = Number(digits);
  // The engine rewrites the file before it finally reads it: 1.0 becomes 1, while 1e6 is written as 1e+06.
  return Number.isInteger(float) && Math.abs(float) < 1e6 ? BigInt(float) : float;
}

export const isInt64 = (value: unknown): value is bigint =>
  typeof value === "bigint" && BigInt.asIntN(64, value) === value;

/** A plain date or time. The program gets it as Go prints it: 2026-11-23 → "2026-11-23 00:00:00 +0000 UTC". */
export class Timestamp {
  private constructor(private readonly text: string) {}

  static parse(text: string): Timestamp | undefined {
    const match =
      /^(\d{4})-(\d\d?)-(\d\d?)(?:(?:[Tt](?=.*(?:Z|[-+]\d\d:\d\d)$)| +(?!.*(?:Z|[-+]\d\d:\d\d)$))(\d\d?):(\d\d?):(\d\d?)(?:[.,](\d+))?(?:Z|([-+]\d\d):(\d\d))?)?$/.exec(
        text,
      );
    if (!match) return undefined;
    const [year, month, day, hour, minute, second] = match.slice(1, 7).map((n) => Number(n ?? 0)) as [
      number,
      number,
      number,
      number,
      number,
      number,
    ];
    const lastDay = new Date(Date.UTC(2000 + (year % 400), month, 0)).getUTCDate();
    if (month < 1 || month > 12 || day < 1 || day > lastDay || hour > 23 || minute > 59 || second > 59)
      return undefined;
    const two = (n: number) => String(n).padStart(2, "0");
    const fraction = (match[7] ?? "").slice(0, 9).replace(/0+$/, "");
    const offset = `${match[8] ?? "+00"}${match[9] ?? "00"}`;
    const zone = /^[-+]0000$/.test(offset) ? "+0000 UTC" : `${offset} ${offset}`;
    const clock = `${two(hour)}:${two(minute)}:${two(second)}${fraction && `.${fraction}`}`;
    return new Timestamp(`${match[1]}-${two(month)}-${two(day)} ${clock} ${zone}`);
  }

  toString(): string {
    return this.text;
  }
}
