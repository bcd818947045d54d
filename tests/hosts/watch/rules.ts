/** The watch's files, read by the programs that they are for; each alarm raised and ended with real series. */
import { promtoolTests } from "../../services/watch/alarmTests";
import { emptyingTests } from "../../services/watch/emptying";
import { check } from "../static/installed";
import type { Watched } from "./bed";

const ETC = "/etc/mastodon-host";

export function rulesTests(watched: () => Watched): void {
  test("every alarm is raised by its cause, not before its time, and ends with it", async () => {
    const { main } = watched();
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

  test("when all queues are empty is foreseen within a quarter from the twentieth minute on, in the story's layouts", async () => {
    const { main } = watched();
    main.write("/root/emptying.yml", emptyingTests(`${ETC}/alarms.yml`));
    expect(await main.attempt("promtool test rules /root/emptying.yml")).toMatchObject({ code: 0 });
    // A queue's own line does not know that others drain first.
    await main.run(
      "sed -i 's/mastodon:work_done_seconds/max(mastodon:queue_empty_seconds)/' /root/emptying.yml",
    );
    expect(await main.attempt("promtool test rules /root/emptying.yml")).toMatchObject({ code: 1 });
  });

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
  ])("$name has nothing against main's file, and notices a slip", (each) => check(watched().main, each));
}
