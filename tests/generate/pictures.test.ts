import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { FOLDER, pictures } from "../../generate/pictures";

const drawn = pictures();
const page = readFileSync(join(__dirname, "../../docs/capacity.md"), "utf8");

test("docs/pictures is what the model draws today: else npm run pictures", () => {
  const kept = Object.fromEntries(
    readdirSync(FOLDER).map((name) => [name, readFileSync(join(FOLDER, name), "utf8")]),
  );
  expect(kept).toEqual(drawn);
});

test.each(Object.keys(drawn))("docs/capacity.md shows %s, with words for those who do not see it", (name) => {
  const [, words = ""] = new RegExp(`!\\[([^\\]]+)\\]\\(pictures/${name}\\)`).exec(page) ?? [];
  expect(words.length).toBeGreaterThan(25);
  // What the words claim of numbers, the picture says too; in thousands, as on its scale.
  for (const [, thousands] of words.matchAll(/(\d+),000/g))
    expect(drawn[name]).toMatch(new RegExp(`${thousands}k<`));
  for (const [number] of words.matchAll(/(?<=directly )\d+|(?<=pgbouncer )\d+/g))
    expect(drawn[name]).toContain(`${number} of 100<`);
});

test("each has its own colours for light and dark, and a ground, since the page around it is not ours", () => {
  for (const svg of Object.values(drawn)) {
    expect(svg).toContain("@media (prefers-color-scheme: dark)");
    expect(svg).toContain('<rect width="100%" height="100%" fill="var(--paper)"/>');
    const used = new Set([...svg.matchAll(/var\((--\w+)\)/g)].map(([, name]) => name));
    for (const name of used) expect(svg.split(`${name}:`)).toHaveLength(3);
  }
});

test("a and b are one curve: more threads on one core change nothing", () => {
  const curves = (name: string) => drawn[name]?.match(/<path d="[^"]+" fill="none"[^>]*>/g);
  expect(curves("story-a.svg")?.length).toBeGreaterThan(3);
  expect(curves("story-b.svg")).toEqual(curves("story-a.svg"));
});
