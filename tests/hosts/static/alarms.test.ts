/** The watch's files, read by the programs that they are for; each alarm raised and ended with real series. */
import type { Machine } from "../../../lab/machine";
import { promtoolTests } from "../../services/watch/alarmTests";
import { emptyingTests } from "../../services/watch/emptying";
import { Lab, mainBundle } from "../lab";
import { check, installed } from "./installed";

const ETC = "/etc/mastodon-host";
const ALERTS = { email: ["admin@lab.example"], smtp: { server: "relay.lab.example" } };

let lab: Lab;
let main: Machine;

beforeAll(async () => {
  lab = await Lab.create();
  [main] = (await installed(lab, mainBundle({ alerts: ALERTS }))) as [Machine];
}, 900_000);

afterAll(() => lab?.remove());

describe("static", () => {
  test("every alarm is raised by its cause, not before its time, and ends with it", async () => {
    const files = promtoolTests(`${ETC}/alarms.yml`);
    for (const [i, text] of files.entries()) main.write(`/root/alarms-${i}.yml`, text);
    const command = `promtool test rules ${files.map((_, i) => `/root/alarms-${i}.yml`).join(" ")}`;
    expect(await main.attempt(command)).toMatchObject({ code: 0 });
    // A threshold that is another.
    const rules = main.read(`${ETC}/alarms.yml`);
    main.write(`${ETC}/alarms.yml`, rules.replace("limit_bytes > 0.8", "limit_bytes > 0.9"));
    const { code, stdout, stderr } = await main.attempt(`${command} --run RedisMemory`);
    main.write(`${ETC}/alarms.yml`, rules);
    expect([code, stdout + stderr]).toEqual([1, expect.stringContaining("RedisMemory")]);
  }, 300_000);

  test.each([
    { when: "on the second day, within a twelfth", bound: 0.08, yesterday: true },
    { when: "on the first day, within a quarter", bound: 0.25, yesterday: false },
  ])(
    "from the tenth minute on, the rules foresee when all queues are empty: $when",
    async ({ bound, yesterday }) => {
      main.write("/root/emptying.yml", emptyingTests(`${ETC}/alarms.yml`, bound, yesterday));
      expect(await main.attempt("promtool test rules /root/emptying.yml")).toMatchObject({ code: 0 });
      // A queue's own line does not know that others drain first.
      await main.run(
        "sed -i 's/mastodon:work_done_seconds/max(mastodon:queue_empty_seconds)/' /root/emptying.yml",
      );
      expect(await main.attempt("promtool test rules /root/emptying.yml")).toMatchObject({ code: 1 });
    },
  );

  test.each([
    {
      name: "promtool check config",
      command: `promtool check config ${ETC}/prometheus.yml`,
      slip: { path: `${ETC}/prometheus.yml`, from: "sample_limit", to: "sample_limits" },
      says: "field sample_limits not found",
    },
    {
      name: "promtool check rules",
      command: `promtool check rules ${ETC}/alarms.yml`,
      slip: { path: `${ETC}/alarms.yml`, from: "for: 5m", to: "for: 5 minutes" },
      says: "unknown unit",
    },
    {
      name: "amtool check-config",
      command: `amtool check-config ${ETC}/alertmanager.yml`,
      slip: { path: `${ETC}/alertmanager.yml`, from: "smarthost", to: "smart_host" },
      says: "field smart_host not found",
    },
  ])("$name has nothing against main's file, and notices a slip", (each) => check(main, each));
});
