import { needsNewKey, type PriorMachine } from "../../components/priorMachines";
import { prod, resource } from "../support/stacks";

const MADE = { dropletId: "1", keyId: "k1" };

test.each<[string, PriorMachine, boolean]>([
  ["nothing is there yet: a key is made anyway", {}, false],
  ["a living machine", { dropletId: "1", keyId: "k1", made: MADE }, false],
  ["a living machine of an earlier program, which recorded nothing", { dropletId: "1", keyId: "k1" }, false],
  ["a key whose droplet was never made, or was deleted", { keyId: "k1" }, true],
  ["the same after a machine was recorded", { keyId: "k1", made: MADE }, true],
  [
    "a newer key than the droplet's: the run that minted it failed",
    { dropletId: "1", keyId: "k2", made: MADE },
    true,
  ],
  [
    "a newer droplet, which timed out: it has the newer key",
    { dropletId: "2", keyId: "k2", made: MADE },
    false,
  ],
])("a new key: %s", (_, prior, expected) => {
  expect(needsNewKey(prior)).toBe(expected);
});

const TYPES = {
  "main-auth-key": "tailscale:index/tailnetKey:TailnetKey",
  "main-droplet": "digitalocean:index/droplet:Droplet",
  main: "mastodon-hosting:index:Machine",
};

test("what decides is the state of the stack, machine by machine", async () => {
  const stateBefore = {
    [`${TYPES["main-auth-key"]} main-auth-key`]: { id: "k2" },
    [`${TYPES["main-droplet"]} main-droplet`]: { id: "1" },
    [`${TYPES.main} main`]: MADE,
  };
  const recording = await prod({}, { stateBefore });
  const renewed = (name: string) => !resource(recording, name).options.ignoreChanges?.includes("description");
  expect(renewed("main-auth-key")).toBe(true);
  expect(renewed("workers-general-1-auth-key")).toBe(false);
});
