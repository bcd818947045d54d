/** How a stack's machines are found and asked. */
import type { StateResource } from "../../../operations/stackState";
import { machinesOf } from "../../../operations/status/machines";
import { answersOf } from "../../../operations/status/ssh";

const urn = (type: string, name: string) => `urn:pulumi:prod::mastodon-hosting::${type}::${name}`;
const key = (name: string, outputs: Record<string, unknown>): StateResource => {
  const type = "tls:index/privateKey:PrivateKey";
  return { type, urn: urn(type, name), outputs };
};
const secret = (text: string) => ({
  "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270",
  plaintext: JSON.stringify(text),
});
const STATE: StateResource[] = [
  {
    type: "pulumi:pulumi:Stack",
    urn: urn("pulumi:pulumi:Stack", "mastodon-hosting-prod"),
    outputs: {
      url: "https://shop.example",
      tailnetHosts: { main: "main-abcd", workers: { general: ["general-1-efgh", "general-2-ijkl"] } },
    },
  },
  key("secrets-deploy-key", {
    privateKeyOpenssh: secret("the deploy key\n"),
    publicKeyOpenssh: "ssh-ed25519 D\n",
  }),
  key("main-host-key", { privateKeyOpenssh: secret("x"), publicKeyOpenssh: "ssh-ed25519 M\n" }),
  key("workers-general-host-key", { privateKeyOpenssh: secret("y"), publicKeyOpenssh: "ssh-ed25519 W\n" }),
];

test("machines, their host keys and the stack's own key come from the state", () => {
  const worker = { hostKey: "ssh-ed25519 W", pool: "general" };
  expect(machinesOf("prod", STATE)).toEqual({
    url: "https://shop.example",
    privateKey: "the deploy key",
    main: { name: "main", host: "main-abcd", hostKey: "ssh-ed25519 M" },
    workers: [
      { name: "general-1", host: "general-1-efgh", ...worker },
      { name: "general-2", host: "general-2-ijkl", ...worker },
    ],
  });
});

test("before the first up has ended, it says so", () => {
  expect(() => machinesOf("prod", STATE.slice(1))).toThrow(
    "The stack prod has no machines yet, or its last up did not end. Run: pulumi up",
  );
  expect(() => machinesOf("prod", STATE.slice(0, 3))).toThrow(
    "The state of prod has no host key of general-1. Run: pulumi up",
  );
});

test("an answer is JSON; otherwise the last words of ssh or the machine are the reason", () => {
  const result = (code: number, stdout: string, stderr = "") => answersOf({ code, stdout, stderr });
  expect(result(0, '{"planned":["2"]}')).toEqual({ value: { planned: ["2"] } });
  expect(result(0, "Welcome!")).toEqual({ unknown: "it answered, but not with JSON" });
  expect(result(255, "", "debug\nHost key verification failed.\n")).toEqual({
    unknown: "Host key verification failed.",
  });
  expect(result(137, "", "\nkilled after 30 s\n")).toEqual({ unknown: "killed after 30 s" });
  expect(result(1, "")).toEqual({ unknown: "ssh ended with 1" });
});
