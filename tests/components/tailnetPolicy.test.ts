import { type TailnetPolicy, tailnetPolicy } from "../../components/tailnetPolicy";
import { namesOf } from "../../settings/names";

const tags = (stack: string) =>
  namesOf(
    {
      domain: "shop.example",
      webDomain: "",
      mediaDomain: "",
      media: { bucket: "", fallbackUrl: "", cacheGiB: 5, keepOldVersionsDays: 30 },
      backups: { bucket: "", keepDays: 30, time: "02:30", dumps: "weekly" },
    },
    stack,
  ).tags;

/** What Tailscale decides on a connection: policies only ever accept, and one rule is enough. */
function accepts(policies: TailnetPolicy[], src: string, host: string, port: number): boolean {
  return policies
    .flatMap(({ acls }) => acls)
    .some(
      (rule) =>
        rule.src.includes(src) &&
        rule.dst.some((dst) => {
          const [, target, ports] = /^(.*):([\d,]+)$/.exec(dst) ?? [];
          return target === host && ports?.split(",").map(Number).includes(port);
        }),
    );
}

const WATCHED = { main: { watch: true } };
const prod = tailnetPolicy(tags("prod"), ["autogroup:admin"], WATCHED);
const staging = tailnetPolicy(tags("staging"), ["group:developers"], WATCHED);
/** Two stacks in one tailnet: an administrator merges both. */
const merged = [prod, staging];

const LISTENING = [22, 80, 443, 3000, 4000, 5432, 6379, 6380, 6432, 9080, 9090, 9400];
const reachable = (src: string, host: string) => LISTENING.filter((port) => accepts(merged, src, host, port));

test("the policy, complete", () => {
  expect(prod).toEqual({
    tagOwners: {
      "tag:mastodon-prod-deploy": ["autogroup:admin"],
      "tag:mastodon-prod-main": ["autogroup:admin", "tag:mastodon-prod-deploy"],
      "tag:mastodon-prod-worker": ["autogroup:admin", "tag:mastodon-prod-deploy"],
    },
    acls: [
      {
        action: "accept",
        proto: "tcp",
        src: ["tag:mastodon-prod-worker"],
        dst: ["tag:mastodon-prod-main:6432,6379,6380"],
      },
      {
        action: "accept",
        proto: "tcp",
        src: ["autogroup:admin", "tag:mastodon-prod-deploy"],
        dst: ["tag:mastodon-prod-main:22", "tag:mastodon-prod-main:9080", "tag:mastodon-prod-worker:22"],
      },
    ],
    tests: [
      {
        src: "tag:mastodon-prod-worker",
        proto: "tcp",
        accept: ["tag:mastodon-prod-main:6432", "tag:mastodon-prod-main:6379", "tag:mastodon-prod-main:6380"],
        deny: [
          "tag:mastodon-prod-main:22",
          "tag:mastodon-prod-main:9080",
          "tag:mastodon-prod-main:5432",
          "tag:mastodon-prod-worker:22",
        ],
      },
      {
        src: "tag:mastodon-prod-main",
        proto: "tcp",
        deny: ["tag:mastodon-prod-worker:22", "tag:mastodon-prod-main:6432"],
      },
      {
        src: "tag:mastodon-prod-deploy",
        proto: "tcp",
        accept: ["tag:mastodon-prod-main:22", "tag:mastodon-prod-main:9080", "tag:mastodon-prod-worker:22"],
        deny: ["tag:mastodon-prod-main:6432", "tag:mastodon-prod-main:6379", "tag:mastodon-prod-main:6380"],
      },
    ],
  });
});

test("a worker reaches its own main on pgbouncer and both Redis, and nothing of another stack", () => {
  const worker = tags("prod").worker;
  expect(reachable(worker, tags("prod").main)).toEqual([6379, 6380, 6432]);
  expect(reachable(worker, tags("prod").worker)).toEqual([]);
  for (const other of [tags("staging").main, tags("staging").worker, tags("staging").deploy])
    expect(reachable(worker, other)).toEqual([]);
});

test("main reaches nothing over the tailnet", () => {
  for (const host of [...Object.values(tags("prod")), ...Object.values(tags("staging"))])
    expect(reachable(tags("prod").main, host)).toEqual([]);
});

test.each([
  ["tag:mastodon-prod-deploy", "prod", "staging"],
  ["autogroup:admin", "prod", "staging"],
  ["group:developers", "staging", "prod"],
])("%s reaches ssh and main's page, and nothing else, on the machines of %s alone", (src, own, other) => {
  expect(reachable(src, tags(own).main)).toEqual([22, 9080]);
  expect(reachable(src, tags(own).worker)).toEqual([22]);
  for (const kind of ["main", "worker"] as const) expect(reachable(src, tags(other)[kind])).toEqual([]);
});

test("without the watch nobody reaches its page", () => {
  const { acls, tests } = tailnetPolicy(tags("prod"), ["autogroup:admin"], { main: { watch: false } });
  expect(JSON.stringify(acls)).not.toContain("9080");
  expect(JSON.stringify(tests)).not.toContain("9080");
});

test("every other member of the tailnet reaches nothing", () => {
  for (const src of ["autogroup:member", "someone@shop.example", "tag:printer"])
    for (const host of Object.values(tags("prod"))) expect(reachable(src, host)).toEqual([]);
});

test.each([
  ["prod", prod],
  ["staging", staging],
])("the tests that the policy of %s carries hold", (_, policy) => {
  const target = (text: string) => {
    const at = text.lastIndexOf(":");
    return [text.slice(0, at), Number(text.slice(at + 1))] as const;
  };
  for (const { src, accept = [], deny } of policy.tests) {
    for (const dst of accept)
      expect([src, dst, accepts(merged, src, ...target(dst))]).toEqual([src, dst, true]);
    for (const dst of deny)
      expect([src, dst, accepts(merged, src, ...target(dst))]).toEqual([src, dst, false]);
  }
  expect(policy.tests.flatMap(({ deny }) => deny).length).toBeGreaterThan(0);
});
