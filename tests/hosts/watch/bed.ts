/** A main with its watch and one worker, and who hears of their alarms: a relay and a webhook on main itself. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Machine } from "../../../lab/machine";
import { mainHost } from "../../../machines/hosts";
import { mainInputs } from "../../support/mainFixtures";
import { worstSecrets } from "../../support/worstSecrets";
import { receive } from "../boot/ask";
import { Lab, VOLUME_NAME, workerBundle } from "../lab";
import { peer, sees } from "../tailnet";

const RELAY = "alarms.lab.example";
const HEARD = "/var/lib/heard";
const SETTINGS = {
  alerts: {
    email: ["admin@lab.example"],
    smtp: { server: RELAY, port: 2525, tls: "none" },
    heartbeat: true,
  },
};

export class Watched {
  private constructor(
    readonly lab: Lab,
    readonly main: Machine,
    readonly worker: Machine,
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
    const secrets = { ...worstSecrets, alertsHeartbeatUrl: "http://127.0.0.1:2526/heart" };
    const bundle = mainHost(mainInputs(SETTINGS, secrets));
    const main = await lab.machine(bundle, {
      overlay: {
        "/usr/local/bin/receiver": {
          content: readFileSync(join(__dirname, "../standIns/receiver"), "utf8"),
          mode: 0o755,
        },
      },
    });
    const worker = await lab.machine(workerBundle());
    sees(worker, peer(main, mainInputs().names.tags.main));
    await Promise.all([main.start(), worker.start()]);
    await main.attach(await lab.volume(), VOLUME_NAME);
    expect(await Promise.all([main.booted(), worker.booted()])).toEqual(["done", "done"]);
    expect((await main.attempt("systemctl is-active prometheus")).stdout).toBe("inactive\n");
    await main.run(
      `mkdir ${HEARD} && echo 127.0.0.1 ${RELAY} >>/etc/hosts && systemd-run --quiet receiver ${HEARD} 2525 2526`,
    );
    const { code, stderr } = await receive(main, bundle);
    expect([code, stderr]).toEqual([0, expect.stringContaining("host-apply: 82-watch\n")]);
    await worker.run("mastodon-ready 180");
    return new Watched(lab, main, worker);
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
    if (!this.main.has(`${HEARD}/${file}`)) return [];
    return this.main
      .read(`${HEARD}/${file}`)
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as T);
  }

  /** Ends every silence: the tests would otherwise wait for the end of the apply's. */
  unsilenced(): Promise<string> {
    return this.main.run(
      "amtool --alertmanager.url=http://127.0.0.1:9093 silence query --quiet | xargs -r amtool --alertmanager.url=http://127.0.0.1:9093 silence expire",
    );
  }

  remove(): Promise<void> {
    return this.lab.remove();
  }
}
