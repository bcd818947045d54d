/** Machines that begin bare: what is read of their first boot, and the one thing that differs in their user data. */
import { inflateSync } from "node:zlib";
import { parse } from "yaml";
import { firstApply, unfinished } from "../../lab/firstBoot";
import { pinnedTo } from "../../lab/internet/tailscaleRepository";
import { packed, userData } from "../../machines/bundle";
import { mainHost } from "../../machines/hosts";
import { fromBase85 } from "../support/base85";
import { boot } from "../support/fixtures";
import { mainInputs } from "../support/mainFixtures";

const JOURNAL = `
[  101.000000] vm cloud-init[93]: host-bundle: 35 files, 35 changed, 0 removed
[  101.500000] vm cloud-init[93]: host-apply: 10-system
[  102.000000] vm cloud-init[93]: host-apply: 20-packages
[  104.000000] vm cloud-init[93]: 20-packages: failed, try 1 of 5: install curl gpg
[  110.000000] vm cloud-init[93]: 20-packages: failed, try 2 of 5: install curl gpg
[  180.000000] vm cloud-init[93]: host-apply: 25-resolver
[  180.500000] vm cloud-init[93]: host-apply: done
`;

describe("the first apply", () => {
  test("each step takes until the next one, and each failure of the packages is one more try", () => {
    expect(firstApply(JOURNAL)).toEqual({
      ended: 180.5,
      steps: new Map([
        ["10-system", { from: 101.5, to: 102 }],
        ["20-packages", { from: 102, to: 180 }],
        ["25-resolver", { from: 180, to: 180.5 }],
      ]),
      tries: 3,
    });
  });

  test("one that failed is an error with its last word, whatever a later one says", () => {
    const failed = JOURNAL.replace("host-apply: done", "host-apply: failed at 25-resolver");
    const later = "[  400.000000] vm host-apply[800]: host-apply: done\n";
    expect(() => firstApply(failed + later)).toThrow("the first apply's last word is: failed at 25-resolver");
  });
});

test("a package is unfinished from its first files until it is installed, and not when it has gone", () => {
  const log = [
    "status half-installed jq:amd64 1.7.1",
    "status half-installed gpg:amd64 2.4.7",
    "status unpacked gpg:amd64 2.4.7",
    "status unpacked curl:amd64 8.14.1",
    "configure curl:amd64 8.14.1 <none>",
    "status half-configured curl:amd64 8.14.1",
    "status installed curl:amd64 8.14.1",
    "status half-configured ntp:amd64 1.2",
    "status not-installed ntp:amd64 <none>",
  ].map((line) => `2026-11-24 13:56:20 ${line}\n`);
  expect(unfinished(log.join(""))).toBe(2);
});

test("user data for the rehearsal's repository differs in the key's fingerprint alone", async () => {
  const fingerprint = "0123456789ABCDEF0123456789ABCDEF01234567";
  const before = userData(packed(mainHost(mainInputs())), boot);
  const after = await pinnedTo(fingerprint, before);
  const unpacked = (text: string) => {
    const config = parse(text);
    const packed = config.write_files.pop();
    return { config, packed: packed.path, bundle: inflateSync(fromBase85(packed.content)).toString() };
  };
  const expected = unpacked(before);
  expect(unpacked(after)).toEqual({
    ...expected,
    bundle: expected.bundle.replace("2596A99EAAB33821893C0A79458CA832957F5868", fingerprint),
  });
});
