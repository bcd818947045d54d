import { byName, custom, prod, type Run } from "../support/stacks";

const outsideOf = (run: Run) =>
  Object.fromEntries(Object.entries(byName(custom(run))).filter(([name]) => name.startsWith("outside-")));

test("nobody looks from outside unless it is asked for: it costs money", async () => {
  expect(outsideOf(await prod())).toEqual({});
});

test("four regions look at the site, and mail those who hear of alarms once none of them reaches it", async () => {
  const run = await prod({
    alerts: { email: ["admin@shop.club"], smtp: { server: "mail.other.club" }, uptimeCheck: true },
  });
  const outside = outsideOf(run);
  expect(outside).toMatchObject({
    "outside-check": {
      type: "UptimeCheck",
      parent: "OutsideWatch outside",
      provider: "digitalocean-main",
      inputs: {
        name: "shop.example",
        target: "https://shop.example/health",
        type: "https",
        regions: ["us_east", "us_west", "eu_west", "se_asia"],
        enabled: true,
      },
    },
    "outside-down": {
      type: "UptimeAlert",
      inputs: {
        name: "shop.example is down",
        type: "down_global",
        comparison: "less_than",
        threshold: 1,
        period: "2m",
        notifications: [{ emails: ["admin@shop.club"], slacks: [] }],
      },
    },
  });
  expect(byName(custom(run))["guard-uuid"]?.dependsOn).toEqual(
    expect.arrayContaining(["outside-check", "outside-down"]),
  );
});
