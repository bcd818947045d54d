/** The stand-ins for Mastodon's images behave as the official ones where the hosts have to live with it (docs/rehearsal.md has the sources). */
import type { Beds } from "./bed";

const WEB = "social.example.org";
/** A Sidekiq that loads for long, beside the others; compose's own one-off. */
const LOADING =
  "mastodon-compose run --rm --no-deps --detach --name loading -e STAND_IN_BOOT_CPU_SECONDS=60 -e MASTODON_PROMETHEUS_EXPORTER_ENABLED=false sidekiq-scheduler-1";

export function standInTests(bed: Beds): void {
  const run = async (script: string) => (await bed().main.run(script)).trim();
  const state = (container: string) =>
    run(
      `awk '/^State/ { print $2 }' /proc/$(pgrep -P "$(docker inspect -f '{{.State.Pid}}' ${container})")/status`,
    );

  test("PID 1 is tini in web's image and node in streaming's; the one has no Node, the other no Ruby", async () => {
    const first = (container: string) => run(`docker exec ${container} cat /proc/1/comm`);
    expect(await first("web")).toBe("tini");
    expect(await first("sidekiq-scheduler-1")).toBe("tini");
    expect(await run("docker exec streaming sh -c 'readlink /proc/1/exe'")).toMatch(/\/node$/);
    expect(await run("docker exec web sh -c 'command -v ruby; command -v node || true'")).toBe(
      "/usr/bin/ruby",
    );
    expect(await run("docker exec streaming sh -c 'command -v node; command -v ruby || true'")).toBe(
      "/usr/bin/node",
    );
  });

  test("a name that is not the instance's is refused, and what did not come by https is sent there; but for /health", async () => {
    const answer = (path: string, ...options: string[]) =>
      run(
        `curl -s -o /dev/null -w '%{http_code} %{redirect_url}' ${options.join(" ")} http://127.0.0.1:3000${path}`,
      );
    expect(await answer("/", "-H 'X-Forwarded-Proto: https'")).toBe("403");
    expect(await answer("/about", `-H 'Host: ${WEB}'`)).toBe(`301 https://${WEB}/about`);
    expect(await answer("/about", `-H 'Host: ${WEB}'`, "-d x=1")).toBe(`308 https://${WEB}/about`);
    expect(await answer("/", `-H 'Host: ${WEB}'`, "-H 'X-Forwarded-Proto: https'")).toBe("200");
    expect(await answer("/health")).toBe("200");
  });

  test("seeds come with the schema and with db:seed, not with db:prepare on a database that has its schema", async () => {
    const roles = () =>
      bed().sql("SELECT string_agg(name, ' ' ORDER BY position) FROM user_roles WHERE name <> ''");
    const rails = (task: string) =>
      run(`mastodon-compose run --rm -T -e DB_HOST=127.0.0.1 -e DB_PORT=5432 web bundle exec rails ${task}`);
    expect(await roles()).toBe("Moderator Admin Owner");
    expect(await bed().sql("SELECT username FROM accounts WHERE id = -99")).toBe("mastodon.internal");
    await bed().sql("DELETE FROM user_roles");
    await rails("db:prepare");
    expect(await roles()).toBe("");
    const refused = await bed().main.attempt(
      "mastodon-compose run --rm -T web tootctl accounts create nobody --email nobody@example.org --confirmed --role Owner",
    );
    expect([refused.code, refused.stdout]).toEqual([1, "Cannot find user role with that name\n"]);
    for (let i = 0; i < 2; i++) await rails("db:seed");
    expect(await roles()).toBe("Moderator Admin Owner");
  });

  test("Sidekiq and Puma are as large as Mastodon's", async () => {
    const pss = (pids: string) =>
      run(
        `for pid in ${pids}; do awk '/^Pss:/ { print $2 }' /proc/$pid/smaps_rollup; done | awk '{ sum += $1 } END { print int(sum / 1024) }'`,
      );
    const inside = (container: string) => `$(docker top ${container} -o pid | tail -n +2)`;
    const sidekiq = Number(await pss(inside("sidekiq-scheduler-1")));
    expect([sidekiq > 270, sidekiq < 330, sidekiq]).toEqual([true, true, sidekiq]);
    const { processes } = bed().inputs.sizing.web;
    const web = Number(await pss(inside("web")));
    // 720 with two processes.
    const wanted = 320 + 200 * processes;
    expect([Math.abs(web - wanted) < 70, web]).toEqual([true, web]);
  });

  test("a Sidekiq that still loads is suspended by TSTP and ends at once by TERM; one that has loaded goes quiet and goes on", async () => {
    await run(LOADING);
    await bed().main.waitFor("it to load", 20, async () =>
      (await bed().main.attempt("docker top loading")).stdout.includes("sidekiq --require"),
    );
    await run("docker kill --signal TSTP loading");
    expect(await state("loading")).toBe("T");
    await run("docker kill --signal CONT loading");
    await run("time timeout 5 docker stop loading");

    await run("docker kill --signal TSTP sidekiq-scheduler-1");
    expect(await state("sidekiq-scheduler-1")).not.toBe("T");
    await run("docker restart sidekiq-scheduler-1");
  });

  test("the file that says that Sidekiq is ready goes with an orderly stop, and stays after a kill", async () => {
    const file = "/opt/mastodon/tmp/sidekiq_process_has_started_and_will_begin_processing_jobs";
    const there = async () =>
      (await bed().main.attempt(`docker cp sidekiq-scheduler-1:${file} - >/dev/null`)).code === 0;
    await bed().main.waitFor("the file", 60, there);
    await run("docker stop sidekiq-scheduler-1");
    expect(await there()).toBe(false);
    await run("docker start sidekiq-scheduler-1");
    await bed().main.waitFor("the file", 60, there);
    await run("docker kill sidekiq-scheduler-1");
    expect(await there()).toBe(true);
    await run("mastodon-compose up --detach --no-build && mastodon-ready 120");
  });
}
