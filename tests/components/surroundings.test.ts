/** What the accounts and the registry say against an up, in one message and before anything is made. */
import { prod } from "../support/stacks";

const IMAGE = "/v2/mastodon/mastodon/manifests/v4.7.3";
const OTHERS = { droplets: [], meta: { total: 0 } };

const said = (warnings: string[]) =>
  warnings.filter((line) => !line.startsWith("Still the examples' values")).sort();

test("a limit, a foreign record and a missing image are one message, and nothing is made", async () => {
  const made: string[] = [];
  const record = { id: 1, type: "A", name: "@", data: "198.51.100.9" };
  const run = prod(
    { dnsZone: "shop.example" },
    {
      dropletLimit: 0,
      answers: { [IMAGE]: 404, "/v2/domains/shop.example/records": { domain_records: [record] } },
      onMade: ({ type }) => made.push(type),
    },
  );
  const { message } = (await run.catch((error: Error) => error)) as Error;
  expect(message.split("\n").map((line) => line.split(",")[0])).toEqual([
    "The configuration of stack prod has 4 problems. Nothing was changed.",
    "  - main needs 1 droplets",
    "  - workers need 2 droplets",
    expect.stringContaining("  - dnsZone already has A 198.51.100.9 for shop.example"),
    "  - mastodonVersion is v4.7.3",
  ]);
  expect(made).toEqual(["pulumi:pulumi:StackReference"]);
});

test("what could not be looked at is a warning", async () => {
  const { warnings } = await prod({}, { answers: { "/v2/volumes": 403, "/token": 403 } });
  expect(said(warnings).map((line) => line.split(":")[0])).toEqual([
    "Could not check whether there is an image mastodon/mastodon-streaming",
    "Could not check whether there is an image mastodon/mastodon",
    "Could not read the volumes",
  ]);
});

test("an account with room for the fleet, and not for its replacement, is a warning", async () => {
  const { warnings } = await prod({}, { dropletLimit: 3, answers: { "/v2/droplets": OTHERS } });
  expect(said(warnings)).toEqual([
    "Replacing workers takes up to 4 droplets at once, because new ones come first, but the worker account may have 3 droplets and already has 0 others. Ask DigitalOcean for a higher limit (cloud.digitalocean.com/account/team), or delete some; until then, lower count before a replacement.",
  ]);
});
