/** A main with its watch and one worker, and who hears of their alarms: a relay and a dead man's switch elsewhere on their network. */
import { existsSync, mkdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { Daemon } from "../../../lab/daemon";
import type { Machine } from "../../../lab/machine";
import { Network } from "../../../lab/network";
import { mainHost } from "../../../machines/hosts";
import { attempt } from "../../../tools/run";
import { mainInputs } from "../../support/mainFixtures";
import { worstSecrets } from "../../support/worstSecrets";
import { receive } from "../boot/ask";
import { Lab, VOLUME_NAME, workerBundle } from "../lab";
import { peer, sees } from "../tailnet";

export const DOMAIN = "social.example.org";
export const AMTOOL = "amtool --alertmanager.url=http://127.0.0.1:9093";
const RELAY = "alarms.lab.example";
const PORTS = { smtp: 2525, http: 2526 };
const SETTINGS = {
  alerts: {
    email: ["admin@lab.example"],
    smtp: { server: RELAY, port: PORTS.smtp, tls: "none" },
    heartbeat: true,
  },
};

const heardIn = (lab: Lab) => join(lab.folder, "heard");

/** It outlives main, as what hears of a main does. */
function receives(lab: Lab): Promise<Daemon> {
  const folder = heardIn(lab);
  mkdirSync(folder);
  const { smtp, http } = PORTS;
  const program = join(__dirname, "../standIns/receiver");
  const answers = lab.network.inside(["bash", "-c", `exec 3<>/dev/tcp/${Network.GATEWAY}/${http}`]);
  return Daemon.start({
    name: "receiver",
    folder,
    command: lab.network.inside(["python3", program, folder, Network.GATEWAY, String(smtp), String(http)]),
    ready: async () => (await attempt(answers)).code === 0,
  });
}

export class Watched {
  private constructor(
    readonly lab: Lab,
    readonly main: Machine,
    readonly worker: Machine,
    private readonly receiver: Daemon,
  ) {}

  static async create(): Promise<Watched> {
    const lab = await Lab.create();
    try {
      return await Watched.inLab(lab);
    } catch (error) {
      await lab.remove();
      throw error;
    }
  }

  private static async inLab(lab: Lab): Promise<Watched> {
    const secrets = { ...worstSecrets, alertsHeartbeatUrl: `http://${Network.GATEWAY}:${PORTS.http}/heart` };
    const bundle = mainHost(mainInputs(SETTINGS, secrets));
    const receiver = await receives(lab);
    const main = await lab.machine(bundle);
    const worker = await lab.machine(workerBundle());
    sees(worker, peer(main, mainInputs().names.tags.main));
    await Promise.all([main.start(), worker.start()]);
    await main.attach(await lab.volume(), VOLUME_NAME);
    expect(await Promise.all([main.booted(), worker.booted()])).toEqual(["done", "done"]);
    expect((await main.attempt("systemctl is-active prometheus")).stdout).toBe("inactive\n");
    await main.run(`echo ${Network.GATEWAY} ${RELAY} >>/etc/hosts`);
    const { code, stderr } = await receive(main, bundle);
    expect([code, stderr]).toEqual([0, expect.stringContaining("host-apply: 82-watch\n")]);
    await worker.run("mastodon-ready 180");
    return new Watched(lab, main, worker, receiver);
  }

  /** Values of a query by their series, each as its labels without `job` and `instance`. */
  async query(expression: string): Promise<Record<string, number>> {
    const answer = await this.main.run(
      `curl -fsS --get 127.0.0.1:9090/api/v1/query --data-urlencode '${`query=${expression}`}'`,
    );
    const { result } = JSON.parse(answer).data as {
      result: { metric: Record<string, string>; value: [number, string] }[];
    };
    return Object.fromEntries(
      result.map(({ metric: { job, instance, __name__, ...labels }, value: [, value] }) => [
        Object.entries(labels)
          .sort()
          .map(([name, text]) => `${name}=${text}`)
          .join(","),
        Number(value),
      ]),
    );
  }

  /** Until the query has that result. */
  async until(expression: string, expected: Record<string, number>, seconds: number): Promise<void> {
    let found: Record<string, number> = {};
    await this.main
      .waitFor(expression, seconds, async () => {
        // Prometheus itself may be starting.
        found = await this.query(expression).catch(() => ({}));
        return JSON.stringify(found) === JSON.stringify(expected);
      })
      .catch((error: Error) => {
        throw new Error(`${error.message}; the last answer: ${JSON.stringify(found)}`);
      });
  }

  mails(): { to: string[]; subject: string; text: string }[] {
    return this.heard<{ to: string[]; text: string }>("mails.jsonl").map(({ to, text }) => ({
      to,
      text: text.replaceAll("\r\n", "\n").replaceAll("=\n", ""),
      subject: /^Subject: (.*)$/im.exec(text)?.[1]?.trim() ?? "",
    }));
  }

  heard<T>(file: string): T[] {
    const path = join(heardIn(this.lab), file);
    if (!existsSync(path)) return [];
    return readFileSync(path, "utf8")
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as T);
  }

  /** When the dead man's switch last heard of main, in milliseconds since 1970. */
  lastBeat(): number {
    return statSync(join(heardIn(this.lab), "requests.jsonl")).mtimeMs;
  }

  /** Ends every silence: the tests would otherwise wait for the end of the apply's. */
  unsilenced(): Promise<string> {
    return this.main.run(`${AMTOOL} silence query --quiet | xargs -r ${AMTOOL} silence expire`);
  }

  async remove(): Promise<void> {
    await this.receiver.stop();
    await this.lab.remove();
  }
}
