/** What a booted main and a booted worker keep closed, with DigitalOcean's firewall switched off. */
import { Pair } from "./closed/bed";
import { firewallTests, rebootTests } from "./closed/firewall";
import { listenerTests } from "./closed/listeners";
import { metadataTests } from "./closed/metadata";

describe("closed", () => {
  let pair: Pair;
  beforeAll(async () => {
    pair = await Pair.create();
  }, 900_000);
  afterAll(() => pair?.remove());

  describe("listeners", () => listenerTests(() => pair));
  describe("firewall", () => firewallTests(() => pair));
  describe("metadata", () => metadataTests(() => pair));
  // Last: main comes back without its volume.
  describe("reboot", () => rebootTests(() => pair));
});
