/** main from its first boot on: applied again, and changed. */
import type { Machine } from "../../../lab/machine";
import { Lab, mainBundle, VOLUME_NAME } from "../lab";
import { give } from "../tailnet";
import { addressTests } from "./address";
import { bundleTests } from "./bundle";
import { firstBootTests } from "./firstBoot";
import { ownerTests } from "./owner";
import { commandLineWatcher, secretsTests } from "./secrets";

describe("boot", () => {
  let lab: Lab;
  let main: Machine;

  beforeAll(async () => {
    lab = await Lab.create();
    main = await lab.machine(mainBundle(), { overlay: commandLineWatcher });
    await main.attach(await lab.volume(), VOLUME_NAME);
    // The tailnet has none for it yet.
    give(main, undefined);
    await main.start();
  }, 900_000);
  afterAll(() => lab?.remove());

  // In this order: one machine's life.
  describe("main's first", () => firstBootTests(() => main));
  describe("the tailnet address", () => addressTests(() => main));
  describe("the bundle", () => bundleTests(() => main));
  describe("the owner's account", () => ownerTests(() => main));
  describe("secrets", () => secretsTests(() => main));
});
