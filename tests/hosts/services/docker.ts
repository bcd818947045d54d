/** Docker with the daemon settings, and Mastodon's containers as they really run. */
import type { Beds } from "./bed";

export function dockerTests(bed: Beds): void {
  const containers = async () =>
    (
      await bed().main.run(
        "docker ps --all --filter label=com.docker.compose.oneoff=False --format '{{.Names}}'",
      )
    )
      .trim()
      .split("\n")
      .sort();
  const inspect = async (format: string) =>
    (await bed().main.run(`docker inspect --format '${format}' ${(await containers()).join(" ")}`))
      .trim()
      .split("\n");

  test("the daemon runs as told: no bridge, no rule in the firewall, bounded logs, containers that outlive it", async () => {
    const info = JSON.parse(await bed().main.run("docker info --format '{{json .}}'"));
    expect(info).toMatchObject({ LiveRestoreEnabled: true, LoggingDriver: "local" });
    expect(
      (await bed().main.run("docker network ls --format '{{.Name}}'")).trim().split("\n").sort(),
    ).toEqual(["host", "none"]);
    expect((await bed().main.attempt("ip link show docker0")).code).not.toBe(0);
    expect(await bed().main.run("nft list ruleset | grep -ci docker || true")).toBe("0\n");
    expect(await bed().main.run("nft list tables")).toContain("table inet mastodon\n");
  });

  test("every container is on the host's network as user 991, without a single capability and without a way to get one", async () => {
    expect((await containers()).length).toBe(
      2 + bed().inputs.settings.main.sidekiq.reduce((sum, { replicas }) => sum + replicas, 0),
    );
    for (const name of await containers()) {
      const status = await bed().main.run(`docker exec ${name} cat /proc/1/status`);
      const of = (field: string) => new RegExp(`^${field}:\\s*(.*)$`, "m").exec(status)?.[1];
      expect([name, of("Uid"), of("CapEff"), of("CapPrm"), of("CapBnd"), of("NoNewPrivs")]).toEqual([
        name,
        "991\t991\t991\t991",
        "0000000000000000",
        "0000000000000000",
        "0000000000000000",
        "1",
      ]);
    }
    expect(
      new Set(
        await inspect(
          "{{.HostConfig.NetworkMode}} {{.HostConfig.RestartPolicy.Name}} {{.HostConfig.Privileged}}",
        ),
      ),
    ).toEqual(new Set(["host no false"]));
  });

  test("a container that talks without end fills no disk", async () => {
    expect(new Set(await inspect("{{json .HostConfig.LogConfig}}"))).toEqual(
      new Set(['{"Type":"local","Config":{"max-file":"5","max-size":"20m"}}']),
    );
    const image = (await inspect("{{.Config.Image}}"))[0];
    await bed().main.run(
      `docker run --name talker --network host ${image} bash -c 'head -c 90000000 /dev/urandom | base64 -w 12000' >/dev/null`,
    );
    const [files = 0, mib = 0] = (
      await bed().main.run(
        "cd /var/lib/docker/containers/$(docker inspect --format '{{.Id}}' talker)/local-logs && ls | wc -l && du -sm . | cut -f1",
      )
    )
      .trim()
      .split("\n")
      .map(Number);
    await bed().main.run("docker rm talker");
    expect(files).toBe(5);
    expect(mib).toBeLessThanOrEqual(102);
  });

  test("a restart of Docker stops no container", async () => {
    const before = await inspect("{{.Name}} {{.State.Pid}} {{.State.StartedAt}}");
    await bed().main.run("systemctl restart docker.service");
    expect(await inspect("{{.Name}} {{.State.Pid}} {{.State.StartedAt}}")).toEqual(before);
    expect(new Set(await inspect("{{.State.Running}}"))).toEqual(new Set(["true"]));
  });

  test("Mastodon's unit stops every container by itself, none is killed", async () => {
    await bed().main.run("systemctl stop mastodon.service");
    const ended = await inspect("{{.Name}} {{.State.Running}} {{.State.ExitCode}}");
    // 137 is a kill at the end of the grace.
    expect(ended.filter((line) => !/ false (?!137)\d+$/.test(line))).toEqual([]);
    await bed().main.run("systemctl start mastodon.service && mastodon-ready 180");
  });
}
