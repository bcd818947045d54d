/** Mastodon takes another release, by `pulumi up` and under load: a stand-in with migrations of both kinds. */
import { figures, ORDINARY, underLoad } from "../load/underLoad";
import { type Needs, UPGRADE } from "../world";
import { type Inputs, succeeded } from "./step";

/** The releases of all containers, each once. */
async function running({ machines }: Needs<"machines">): Promise<string[]> {
  const list = "docker ps --filter label=com.docker.compose.oneoff=False --format '{{.Image}}'";
  const images = await Promise.all(machines.all().map((machine) => machine.run(list)));
  return [...new Set(images.join("").match(/(?<=:)\S+/g))];
}

export const upgrade = async (world: Inputs<"collector" | "instance" | "machines" | "outside" | "stack">) => {
  const { report, machines, stack } = world;
  const main = () => machines.main();
  await report.check("an upgrade that changes the database is refused without a recent backup", async () => {
    // Main would begin at once to make up for one that failed, or for a missing record.
    const status = "/var/lib/mastodon-host/backup-status.json";
    await main().run(
      `jq '.ok = true | .lastSuccess = "2020-01-01T00:00:00Z"' ${status} >${status}.old && mv ${status}.old ${status}`,
    );
    const settings = stack.engine.settings();
    stack.engine.edit((changed) => Object.assign(changed, { mastodonVersion: UPGRADE.release }));
    const { ok, output } = await stack.engine.up();
    stack.engine.restore(settings);
    const [said] = output.match(/upgrade v\S+ -> v\S+ stopped at the step migrations: .*/) ?? [];
    if (ok || !said) throw new Error(output.slice(-3000));
    // The way back, too: as if nothing had been asked for.
    succeeded(await stack.engine.up());
    return said;
  });
  return report.check(
    "an upgrade under load: no request fails, no job is lost, and every process is of the new release",
    async () => {
      await main().run("systemctl start mastodon-backup.service", { timeout: 300 });
      const outcome = await underLoad(
        world,
        async () => {
          stack.engine.edit((settings) => Object.assign(settings, { mastodonVersion: UPGRADE.release }));
          const run = succeeded(await stack.engine.up());
          if (!run.output.includes("upgrades Mastodon from"))
            throw new Error(`the up does not say that it is an upgrade: ${run.output.slice(-2000)}`);
        },
        { load: { ...ORDINARY, work: { ...ORDINARY.work, signs: true } }, lossless: true, served: true },
      );
      const releases = await running(world);
      if (releases.join() !== UPGRADE.release) throw new Error(`running: ${releases.join(", ")}`);
      const log = await main().run("mastodon-upgrade log | tail -n 1");
      return `${figures(outcome)}; ${log.trim()}`;
    },
  );
};
