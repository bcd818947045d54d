/** The metadata service, where a machine's user data with all its secrets can be read for as long as it lives. */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Machine } from "../../../lab/machine";
import { mainInputs } from "../../support/mainFixtures";
import type { Pairs } from "./bed";

const ADDRESS = "169.254.169.254";
const CURL = `curl -sS --max-time 5 http://${ADDRESS}/metadata/v1/user-data`;
const USER_DATA = "the machine's user data\n";
const IMAGE = `ghcr.io/mastodon/mastodon:${mainInputs().settings.mastodonVersion}`;

export function metadataTests(pair: Pairs): void {
  let server: ChildProcess;

  beforeAll(async () => {
    const { network, folder } = pair().lab;
    const files = join(folder, "metadata-service");
    mkdirSync(join(files, "metadata/v1"), { recursive: true });
    writeFileSync(join(files, "metadata/v1/user-data"), USER_DATA);
    await network.run(["ip", "address", "add", `${ADDRESS}/32`, "dev", "droplets"]);
    const [command = "", ...args] = network.inside([
      ...["python3", "-m", "http.server", "--bind", ADDRESS, "--directory", files, "80"],
    ]);
    server = spawn(command, args, { stdio: "ignore" });
    await pair().main.waitFor(
      "the metadata service",
      20,
      async () => (await pair().main.attempt(CURL)).code === 0,
    );
  });

  afterAll(() => server?.kill("SIGKILL"));

  const refused = { code: 7, stdout: "", stderr: expect.stringContaining("Could not connect") };
  const as = (machine: Machine, user: string) => machine.attempt(`runuser -u ${user} -- ${CURL}`);

  test("root may read it, as cloud-init does", async () => {
    for (const machine of [pair().main, pair().worker])
      expect(await as(machine, "root")).toEqual({ code: 0, stdout: USER_DATA, stderr: "" });
  });

  test.each(["www-data", "mastodon", "postgres", "redis", "nobody"])("%s may not", async (user) => {
    expect(await as(pair().main, user)).toEqual(refused);
  });

  test.each(["mastodon", "nobody"])("on a worker %s may not", async (user) => {
    expect(await as(pair().worker, user)).toEqual(refused);
  });

  test("Mastodon's containers may not", async () => {
    const containers = (await pair().main.run("docker ps --format '{{.Names}}'")).trim().split("\n");
    expect(containers).toEqual(expect.arrayContaining(["web", "streaming"]));
    for (const container of containers)
      expect(await pair().main.attempt(`docker exec ${container} ${CURL}`)).toEqual(refused);
  });

  test("and an image that asks for root does not get it", async () => {
    const { main } = pair();
    await main.run(
      `docker tag ${IMAGE} kept && docker create --name asks ${IMAGE} true && docker commit --change 'USER root' asks ${IMAGE}`,
    );
    const inside = (options: string, command: string) => main.attempt(`${options} ${command} 2>/dev/null`);
    // Without compose it would: on the host's network its root is the host's.
    expect((await inside(`docker run --rm --network host ${IMAGE}`, CURL)).stdout).toBe(USER_DATA);
    expect((await inside("mastodon-compose run --rm -T web", "id -u")).stdout).toBe("991\n");
    expect((await inside("mastodon-compose run --rm -T web", CURL)).code).toBe(7);
    await main.run(`docker rm asks && docker tag kept ${IMAGE} && docker rmi kept`);
  });

  test("with monitoring on, DigitalOcean's agent may, from its first start on", async () => {
    const { main } = pair();
    await main.run(
      `useradd --system do-agent
       printf '[Service]\\nType=oneshot\\nUser=do-agent\\nExecStart=${CURL}\\n' >/run/systemd/system/do-agent.service
       systemctl daemon-reload`,
    );
    expect(await as(main, "do-agent")).toEqual(refused);
    await main.run("systemctl start do-agent.service");
    expect(await main.run("journalctl --sync; journalctl -u do-agent.service -o cat")).toContain(USER_DATA);
    expect(await as(main, "www-data")).toEqual(refused);
  });
}
