/** What a value of the settings may not do to the comment of a pull request. */
import program from "../..";
import { code, planMarkdown } from "../../plan/markdown";
import { makePlan } from "../../plan/plan";
import type { Plan } from "../../plan/schema";
import { readExample } from "../../settings/stackFile/examples";

test.each([
  ["plain", "`plain`"],
  ["a\n# heading\n\n@team", "`a # heading @team`"],
  ["a | b", "`a | b`"],
  ["<img src=x>", "`<img src=x>`"],
  ["one ` tick", "``one ` tick``"],
  ["``two`` and `", "``` ``two`` and ` ```"],
  ["a\u2028b\u0007c\r\nd", "`a b c d`"],
  ["", "`  `"],
])("%j is a code span on one line", (value, span) => {
  expect(code(value)).toBe(span);
});

test("in plan.md an example's value and a warning stay on their line, and mention nobody", async () => {
  const { plan } = await makePlan(readExample("staging"), program);
  const evil = "x\n# Heading\n@team `code` <b>bold</b> | cell";
  const text = planMarkdown({
    ...plan,
    warnings: [`extraEnv.A is ${evil}`],
    toSetBeforeUp: { ...plan.toSetBeforeUp, examples: [{ key: "smtp.login", value: evil }] },
  } as Plan);
  const lines = text.split("\n");
  expect(lines.filter((line) => line.startsWith("# "))).toHaveLength(1);
  expect(lines).toContain(
    "- `smtp.login` in Pulumi.staging.yaml: ``x # Heading @team `code` <b>bold</b> | cell`` is an example",
  );
  expect(lines).toContain(
    "> ⚠️ extraEnv.A is x \\# Heading @\u200bteam \\`code\\` \\<b\\>bold\\</b\\> \\| cell",
  );
});
