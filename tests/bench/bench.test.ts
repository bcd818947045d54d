/** What the bench makes of a state and of its runs; it checks itself that both programs show the same resources. */
import { ratios, table } from "../../bench/history";
import { medians } from "../../bench/measured";
import { writtenOut } from "../../bench/resources";
import { median } from "../../tools/median";

const stack = "urn:pulumi:prod::mastodon-hosting::";
const signature = { "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270" };

test("a state's resources are written out: in the clear, without what is the engine's, and without logic's work", () => {
  const provider = {
    urn: `${stack}pulumi:providers:aws::aws`,
    type: "pulumi:providers:aws",
    inputs: {
      allowedAccountIds: '["123"]',
      skipRegionValidation: "true",
      region: "us-east-1",
      version: "7.48.0",
    },
  };
  const machine = {
    urn: `${stack}mastodon-hosting:index:Machine::main`,
    type: "mastodon-hosting:index:Machine",
  };
  const droplet = {
    urn: `${stack}mastodon-hosting:index:Machine$digitalocean:index/droplet:Droplet::main-droplet`,
    type: "digitalocean:index/droplet:Droplet",
    parent: machine.urn,
    provider: `${provider.urn}::4711`,
    protect: true,
    inputs: {
      __defaults: [],
      size: { ...signature, plaintext: '"c-2"' },
      userData: { ...signature, plaintext: '"a long text"' },
    },
  };
  const engines = { urn: `${stack}pulumi:pulumi:Stack::prod`, type: "pulumi:pulumi:Stack" };
  expect(writtenOut([engines, provider, machine, droplet])).toEqual([
    {
      urn: provider.urn,
      type: "pulumi:providers:aws",
      name: "aws",
      parent: "",
      provider: "",
      protect: false,
      inputs: { allowedAccountIds: ["123"], skipRegionValidation: true, region: "us-east-1" },
    },
    {
      urn: machine.urn,
      type: machine.type,
      name: "main",
      parent: "",
      provider: "",
      protect: false,
      inputs: {},
    },
    {
      urn: droplet.urn,
      type: droplet.type,
      name: "main-droplet",
      parent: machine.urn,
      provider: provider.urn,
      protect: true,
      inputs: { size: "c-2", userData: "#cloud-config\n" },
    },
  ]);
});

test("one slow run of many does not count", () => {
  expect(median([3, 1, 100])).toBe(3);
  expect(median([4, 1, 2, 3])).toBe(2.5);
  const run = (seconds: number) => ({ seconds, programMiB: 10 * seconds, engineMiB: 100 * seconds });
  expect(medians([run(2), run(90), run(1)])).toEqual(run(2));
});

test("a row says how much of the bare program's time and memory the program takes", () => {
  const previews = {
    empty: { seconds: 2, programMiB: 200, engineMiB: 100 },
    compared: [
      {
        name: "prod",
        program: { seconds: 4.4, programMiB: 282, engineMiB: 120 },
        bare: { seconds: 4, programMiB: 240, engineMiB: 121 },
      },
    ],
  };
  expect(ratios(previews)).toEqual([{ name: "prod", seconds: 1.1, memory: 1.18 }]);
  expect(table(previews).split("\n").at(-1)?.split(/ {2,}/)).toEqual([
    "prod",
    "4.4",
    "1.10",
    "2.2",
    "282",
    "1.18",
    "120",
  ]);
});
