import { type Change, type Preview, previewOf } from "../../ci/changes";
import { stackNames } from "../../ci/cli";
import { driftOf } from "../../ci/drift";
import { driftIssue, previewComment } from "../../ci/report";

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
  ...part,
});
const comment = (part: Partial<Preview>, plan = "# Plan of prod\n\ntext") =>
  previewComment({ stack: "prod", preview: preview(part), plan, run: "https://github.example/run/1" });

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

| | resource | because of |
|---|---|---|
| **deleted** | Droplet \`workers-general-2-droplet\` |  |
| **replaced** | Droplet \`main-droplet\` | replaceWith |

<details>
<summary>Changed or created: 2</summary>

| | resource | because of |
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

[Log](https://github.example/run/1)`);
});

test("a preview without changes says so, a failed one says why", () => {
  expect(comment({ unchanged: 60 })).toContain("## prod: no changes\n");
  expect(comment({ problems: ["public-ports, main-firewall: It opens tcp 22"] })).toContain(
    "## prod: the preview fails\n\n> [!CAUTION]\n> - public-ports, main-firewall: It opens tcp 22\n",
  );
});

test("a comment is never longer than GitHub takes", () => {
  const many = Array.from({ length: 3000 }, (_, i) => change("create", "Droplet", `droplet-${i}`));
  expect(comment({ changes: many }).length).toBeLessThanOrEqual(65_000);
  const long = comment({ changes: many.slice(0, 10) }, "x".repeat(70_000));
  expect(long).toContain("droplet-9");
  expect(long).toContain("The plan is too long for a comment");
  expect(long).toContain("[Log](https://github.example/run/1)");
});

test("a spent key is no drift, a machine that would be replaced for it is", () => {
  const key = change("update", "TailnetKey", "main-auth-key", "invalid");
  const machine = change("replace", "Droplet", "main-droplet", "replaceWith");
  expect(driftOf(preview({ changes: [key] }))).toEqual([]);
  expect(driftOf(preview({ changes: [machine, key] }))).toEqual([machine]);
  expect(driftIssue("prod", [machine], "https://github.example/run/1")).toContain(
    "| **replaced** | Droplet `main-droplet` | replaceWith |",
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

test("a stack is a file Pulumi.STACK.yaml", () => {
  expect(
    stackNames(["Pulumi.yaml", "Pulumi.prod.yaml", "Pulumi.live-2.yaml", "Pulumi.prod.yaml.bak"]),
  ).toEqual(["live-2", "prod"]);
});
