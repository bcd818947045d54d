import { type Change, type Preview, previewOf } from "../../github/changes";
import { driftOf } from "../../github/drift";
import { driftIssue, drillIssue, noPreview, previewComment } from "../../github/report";
import { outcomeOf } from "../../operations/drill/outcome";
import { copy, main } from "../operations/drill/given";

const change = (op: Change["op"], type: string, name: string, ...because: string[]): Change => ({
  op,
  type,
  name,
  because,
});
const preview = (part: Partial<Preview>): Preview => ({
  changes: [],
  unchanged: 0,
  problems: [],
  warnings: [],
  notes: [],
  ...part,
});
const SOURCE = { commit: "0123456789abcdef0123456789abcdef01234567", run: "https://github.example/run/1" };
const FOOT = "Commit 0123456789ab · [Log](https://github.example/run/1)";
const comment = (part: Partial<Preview>, plan = "# Plan of prod\n\ntext") =>
  previewComment({ stack: "prod", preview: preview(part), planned: { plan }, ...SOURCE });

test("what the program says of the run comes first: an upgrade step by step", () => {
  const steps = "This up upgrades Mastodon from v4.7.3 to v4.7.4.\n  1. gate: one.\n  2. images: two.";
  const events = [
    { message: steps, severity: "info", urn: "" },
    { message: "main gets a new auth key", severity: "info", urn: "urn:pulumi:prod::m::a$b::main-auth-key" },
  ].map((one, sequence) => ({ sequence, timestamp: 1, diagnosticEvent: { color: "never", ...one } }));
  expect(comment(previewOf(events as never))).toContain(
    `## prod: no changes\n\n> [!NOTE]\n> - This up upgrades Mastodon from v4.7.3 to v4.7.4.\n>     1. gate: one.\n>     2. images: two.\n`,
  );
});

test("what is deleted or replaced stands at the top, the rest is folded, the plan follows", () => {
  expect(
    comment({
      changes: [
        change("delete", "Droplet", "workers-general-2-droplet"),
        change("replace", "Droplet", "main-droplet", "replaceWith"),
        change("update", "Volume", "main-data", "size"),
        change("create", "Tag", "a|b"),
      ],
      unchanged: 60,
      warnings: ["one\ntwo"],
    }),
  ).toBe(`<!-- preview of prod -->
## prod: 1 deleted, 1 replaced, 1 changed, 1 created, 60 unchanged

### Deleted or replaced

|  | resource | because of |
|---|---|---|
| **deleted** | Droplet \`workers-general-2-droplet\` |  |
| **replaced** | Droplet \`main-droplet\` | replaceWith |

<details>
<summary>Changed or created: 2</summary>

|  | resource | because of |
|---|---|---|
| **changed** | Volume \`main-data\` | size |
| **created** | Tag \`a\\|b\` |  |


</details>

> [!WARNING]
> - one
>   two

<details>
<summary>Plan</summary>

### Plan of prod

text

</details>

${FOOT}`);
});

test("a preview without changes says so, a failed one says why", () => {
  expect(comment({ unchanged: 60 })).toContain("## prod: no changes\n");
  expect(comment({ problems: ["public-ports, main-firewall: It opens tcp 22"] })).toContain(
    "## prod: the preview fails\n\n> [!CAUTION]\n> - public-ports, main-firewall: It opens tcp 22\n",
  );
});

/** Tags that are opened and not closed, and the reverse. */
const unbalanced = (text: string) =>
  ["details", "summary"].filter((tag) => text.split(`<${tag}>`).length !== text.split(`</${tag}>`).length);

describe("what GitHub would not take is shortened: tags are closed, warnings and the link are there", () => {
  const many = (op: Change["op"], count = 3000) =>
    Array.from({ length: count }, (_, i) => change(op, "Droplet", `droplet-${i}`, "x".repeat(100)));

  test("a long plan goes first", () => {
    const long = comment({ changes: many("create", 10), warnings: ["careful"] }, "x".repeat(70_000));
    expect(long).toContain("droplet-9");
    expect(long).toContain("The plan is too long for a comment");
    expect(long).toContain("> - careful");
    expect(long.endsWith(FOOT)).toBe(true);
    expect(unbalanced(long)).toEqual([]);
  });

  test.each([
    ["many changes", { changes: [...many("delete"), ...many("create")] }],
    ["many problems", { problems: many("create").map(({ name }) => name.repeat(20)) }],
    ["one problem of a provider's that is a page of HTML", { problems: ["<details>\n".repeat(20_000)] }],
    [
      "all of it",
      {
        changes: [...many("delete"), ...many("update")].map(({ op }) =>
          change(op, "T".repeat(500), "🐘".repeat(500), "x".repeat(500)),
        ),
        problems: many("create", 300).map(() => "@\n".repeat(500)),
        warnings: many("create", 300).map(() => "🐘\n".repeat(500)),
      },
    ],
  ])("%s", (_, part) => {
    const text = comment({ warnings: ["careful"], ...part });
    expect(text.length).toBeLessThanOrEqual(65_000);
    expect(text).toMatch(/and \d+ more, in the log|…/);
    expect(text).toContain("> [!WARNING]");
    expect(text.endsWith(FOOT)).toBe(true);
    expect(unbalanced(text)).toEqual([]);
  });

  test("an issue and a comment without a preview, too", () => {
    const issue = driftIssue("prod", many("update"), preview({}), SOURCE);
    expect(issue.length).toBeLessThanOrEqual(65_000);
    expect(issue).toMatch(/… and \d+ more, in the log\./);
    expect(issue).toContain("pulumi preview --refresh");
    expect(issue.endsWith(FOOT)).toBe(true);
    expect(noPreview("prod", ["x".repeat(100_000)], SOURCE).length).toBeLessThanOrEqual(65_000);
  });
});

test("a setting's value in an error calls nobody, opens no tag and is no heading", () => {
  const text = comment({ problems: ["domain is @everyone <!-- and\n# this"] });
  expect(text).toContain("> - domain is &#64;everyone &lt;!-- and\n>   \\# this");
});

test("an import is said, and an operation that is not known is an error instead of no changes", () => {
  const event = (op: string) => ({
    sequence: 1,
    timestamp: 1,
    resourcePreEvent: {
      metadata: { op, urn: "urn:pulumi:prod::p::t::main-data", type: "digitalocean:index/volume:Volume" },
    },
  });
  const of = (op: string) => previewOf([event(op)] as unknown as Parameters<typeof previewOf>[0]);
  expect(comment(of("import"))).toContain("## prod: 1 imported, 0 unchanged");
  expect(() => of("transmute")).toThrow('would "transmute" main-data');
});

test("where the plan is refused, the comment says so with its words", () => {
  const text = previewComment({
    stack: "prod",
    preview: preview({}),
    planned: { refused: "two\nlines" },
    ...SOURCE,
  });
  expect(text).toContain("<summary>npm run plan refuses it</summary>\n\n    two\n    lines\n");
});

test("a spent key is no drift, a machine that would be replaced for it is", () => {
  const key = change("update", "TailnetKey", "main-auth-key", "invalid");
  const machine = change("replace", "Droplet", "main-droplet", "replaceWith");
  expect(driftOf(preview({ changes: [key] }), preview({}))).toEqual([]);
  expect(driftOf(preview({ changes: [machine, key] }), preview({}))).toEqual([machine]);
  expect(driftIssue("prod", [machine], preview({}), SOURCE)).toContain(
    "| **replaced** | Droplet `main-droplet` | replaceWith |",
  );
});

test("what is merged but not applied yet is no drift, and hides none", () => {
  const volume = change("update", "Volume", "main-data", "size");
  const worker = change("create", "Droplet", "workers-general-3-droplet");
  const unapplied = preview({ changes: [volume, worker] });
  expect(driftOf(unapplied, unapplied)).toEqual([]);
  const renamed = change("update", "Droplet", "main-droplet", "name");
  const both = change("update", "Volume", "main-data", "size", "tags");
  const lost = change("replace", "Volume", "main-data", "size");
  expect(driftOf(preview({ changes: [both, worker, renamed] }), unapplied)).toEqual([
    change("update", "Volume", "main-data", "tags"),
    renamed,
  ]);
  expect(driftOf(preview({ changes: [lost] }), unapplied)).toEqual([
    change("replace", "Volume", "main-data"),
  ]);
  expect(driftIssue("prod", [renamed], unapplied, SOURCE)).toContain(
    "2 changes that are merged but not applied yet",
  );
});

test("errors and warnings lose the CLI's marks of colour", () => {
  const message = "<{%reset%}>error: no such size<{%reset%}>\n";
  expect(
    previewOf([
      { sequence: 1, timestamp: 1, diagnosticEvent: { message, severity: "error", color: "never" } },
    ]).problems,
  ).toEqual(["no such size"]);
});

test("a drill that failed says what differs and what was measured, and one without a result says why", () => {
  const tables = { bookmarks: { rows: 0, newest: null, at: null } };
  const before = { ...main().before, tables };
  const outcome = outcomeOf(
    main({ before: { ...before, tables: { bookmarks: { rows: 1_250, newest: null, at: null } } } }),
    copy({ facts: before }),
    "docker",
    0,
  );
  const issue = drillIssue("prod", outcome, SOURCE);
  expect(issue).toContain("The newest backup of stack `prod` could not be restored as it should be.");
  expect(issue).toContain("> [!CAUTION]\n> - table bookmarks has 0 rows, main had");
  expect(issue).toContain("| restore | 41 s, 9.8 s per GB |");
  expect(drillIssue("prod", "main: ssh: connect to host mastodon-prod-main: timed out", SOURCE)).toContain(
    "came to no result, so nobody knows whether its newest backup can be restored.\n\n> [!CAUTION]\n> - main: ssh: connect to host",
  );
});

test("a drill with endless messages still fits into an issue", () => {
  const outcome = outcomeOf(
    main(),
    copy({ amcheck: `btree index "x":\n${"    ERROR: y\n".repeat(9_000)}` }),
    "docker",
    0,
  );
  expect(drillIssue("prod", outcome, SOURCE).length).toBeLessThan(65_536);
});
