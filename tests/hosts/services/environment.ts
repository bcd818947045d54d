/** What Mastodon is told: the stand-in for its image refuses to start where a variable is missing or has another form. */
import type { Beds } from "./bed";

/** Each rule of the stand-in broken alone, in the environment that web really has: exit code and last line of each. */
const BREAK_EACH = `
require "json"
require "open3"
def start(change)
  output, status = Open3.capture2e(change, "ruby", "-e", "require './lib/environment'")
  [status.exitstatus, output]
end
abort start({}).inspect unless start({}) == [0, ""]
require "./lib/environment"
puts JSON.generate(
  Environment.rules.keys.to_h do |name|
    [name, [nil, name == "S3_PERMISSION" ? "public-read" : ""].map { |value| start(name => value) }]
  end,
)
`;

export function environmentTests(bed: Beds): void {
  test("without any one of Mastodon's variables, or with a wrong value of it, the stand-in ends and names it", async () => {
    const text = await bed().main.run("docker exec -i web ruby", { input: BREAK_EACH });
    const broken = JSON.parse(text) as Record<string, [number, string][]>;
    const names = Object.keys(broken);
    expect(names).toEqual(
      expect.arrayContaining(["S3_ALIAS_HOST", "AWS_SECRET_ACCESS_KEY", "SMTP_PASSWORD", "SMTP_TLS"]),
    );
    for (const name of names) {
      const refused = [1, `environment: missing or malformed: ${name}; not to be set: \n`];
      expect([name, broken[name]]).toEqual([name, [refused, refused]]);
    }
  });
}
