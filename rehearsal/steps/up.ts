/** `pulumi up` from nothing, until the site answers with a certificate. */
import { until } from "../../tools/until";
import { type Inputs, succeeded } from "./step";

export const up = async (world: Inputs<"browser" | "dns" | "firewalls" | "stack">) => {
  const { report } = world;
  const { engine } = world.stack;
  const done = await report.check(
    "pulumi up creates everything, and ends when every machine works",
    async () => {
      const { seconds, steps } = succeeded(await engine.up());
      return `${steps.filter(({ op }) => op === "create").length} resources in ${seconds.toFixed(0)} s`;
    },
  );
  if (!done) return false;
  await world.stack.read();
  await world.firewalls.sync();
  const { names, site } = world.stack;
  for (const name of [names.web, names.media]) world.dns.set(name, site.ipv4);
  await report.check("a second up changes nothing", async () => {
    succeeded(await engine.up({ expectNoChanges: true }));
  });
  if (site.ipv6)
    await report.check("HTTPS answers at the reserved IPv6 address, which main has to configure itself", () =>
      until("HTTPS over IPv6", 90, async () => {
        const { stdout } = await world.browser.web("/health", "--connect-to", `::[${site.ipv6}]:443`);
        return stdout === "OK";
      }),
    );
  return report.check("once DNS points here, HTTPS answers with the authority's own certificate", () =>
    // certificate.timer looks once a minute, and its DNS answer may be a minute old.
    until("HTTPS", 240, async () => {
      const { stdout } = await world.browser.web("/health", "--verbose", "--insecure");
      const issuer = await world.browser.certificateIssuer();
      return stdout === "OK" && issuer.includes("Pebble");
    }),
  );
};
