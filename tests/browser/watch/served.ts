/** The page as main serves it: a real nginx with main's own files, a real Prometheus with main's rules and a day that is made up. */
import { type ChildProcess, spawn } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer as createHttpServer, type Server } from "node:http";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { predictionOf } from "../../../fleet/prediction";
import type { HostBundle } from "../../../machines/bundle";
import { PROMETHEUS_PORT } from "../../../services/watch";
import { PAGE_PORT } from "../../../services/watch/page";
import type { Prediction } from "../../../services/watch/prediction";
import { run } from "../../../tools/run";
import { until } from "../../../tools/until";
import { root } from "../../hosts/lab";
import { expectedMain } from "../../support/expected";
import { fileOf } from "../../support/fixtures";
import { checkedOf, REQUIRED_SECRETS, stackFile } from "../../support/stacks";
import { dayBefore, scraped } from "./day";

const FOLDER = "/usr/local/share/mastodon-host/watch";

/** A program of the hosts' own root, with the libraries that it was built for. */
export async function program(path: string): Promise<string[]> {
  const base = await root();
  return [
    join(base, "lib64/ld-linux-x86-64.so.2"),
    "--library-path",
    join(base, "usr/lib/x86_64-linux-gnu"),
    join(base, path),
  ];
}

export const freePort = () =>
  new Promise<number>((resolve, reject) => {
    const server = createServer().on("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => (address && typeof address === "object" ? resolve(address.port) : reject()));
    });
  });

/** What the program gives main for the example `prod`. */
function prod(): { bundle: HostBundle; prediction: Prediction } {
  const values = { ...stackFile("prod"), ...REQUIRED_SECRETS };
  const { settings, assessment } = checkedOf("prod", values);
  return {
    bundle: expectedMain("prod", values),
    prediction: predictionOf(settings, assessment.capacity.evaluation),
  };
}

export class Served {
  private readonly programs: ChildProcess[] = [];
  private prometheus: ChildProcess | undefined;
  private exporter: Server | undefined;
  readonly said: string[] = [];

  private constructor(
    private readonly folder: string,
    private readonly port: { page: number; prometheus: number },
    readonly bundle: HostBundle,
    readonly prediction: Prediction,
  ) {}

  get url(): string {
    return `http://127.0.0.1:${this.port.page}/`;
  }

  /** Prometheus' own address, which main keeps on loopback. */
  get prometheusUrl(): string {
    return `http://127.0.0.1:${this.port.prometheus}`;
  }

  /** @param measured false: Prometheus has nothing yet */
  static async start(measured = true): Promise<Served> {
    const folder = mkdtempSync(join(tmpdir(), "watch-page-"));
    // nginx' workers are not root.
    chmodSync(folder, 0o755);
    const { bundle, prediction } = prod();
    const served = new Served(
      folder,
      { page: await freePort(), prometheus: await freePort() },
      bundle,
      prediction,
    );
    try {
      if (measured) await served.fill();
      await served.startPrometheus();
      await served.startNginx();
    } catch (error) {
      served.stop();
      throw error;
    }
    return served;
  }

  private path(name: string, content: string): string {
    const path = join(this.folder, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, content);
    return path;
  }

  private async fill(): Promise<void> {
    const start = Math.floor(Date.now() / 60_000) * 60;
    const text = this.path("day.txt", dayBefore(start, this.prediction));
    await run([
      ...(await program("usr/bin/promtool")),
      ...["tsdb", "create-blocks-from", "openmetrics", "--quiet", text, join(this.folder, "data")],
    ]);
    const found = scraped(start, this.prediction);
    this.exporter = createHttpServer((_, response) => response.end(found()));
    await new Promise<void>((resolve) => this.exporter?.listen(0, "127.0.0.1", resolve));
  }

  private run(command: string[]): ChildProcess {
    const [file = "", ...args] = command;
    const child = spawn(file, args, { stdio: ["ignore", "ignore", "pipe"] });
    child.stderr?.setEncoding("utf8").on("data", (text: string) => this.said.push(text));
    this.programs.push(child);
    return child;
  }

  /** With main's own rules. */
  async startPrometheus(): Promise<void> {
    const target = (this.exporter?.address() as AddressInfo | undefined)?.port;
    const rules = this.path("alarms.yml", fileOf(this.bundle, "/etc/mastodon-host/alarms.yml").content);
    const config = this.path(
      "prometheus.yml",
      JSON.stringify({
        global: { scrape_interval: "5s", evaluation_interval: "5s" },
        rule_files: [rules],
        scrape_configs: target
          ? [
              {
                job_name: "node",
                static_configs: [{ targets: [`127.0.0.1:${target}`] }],
                // The same series as those of the day.
                metric_relabel_configs: [{ action: "labeldrop", regex: "job|instance" }],
              },
            ]
          : [],
      }),
    );
    const address = `127.0.0.1:${this.port.prometheus}`;
    this.prometheus = this.run([
      ...(await program("usr/bin/prometheus")),
      `--config.file=${config}`,
      `--storage.tsdb.path=${join(this.folder, "data")}`,
      "--storage.tsdb.retention.time=30d",
      `--web.listen-address=${address}`,
      "--log.level=error",
      // As on main.
      "--query.max-concurrency=4",
      "--query.max-samples=5000000",
    ]);
    await this.answering(`http://${address}/-/ready`);
  }

  stopPrometheus(): Promise<void> {
    const { prometheus } = this;
    return new Promise((resolve) => {
      prometheus?.on("exit", () => resolve());
      prometheus?.kill("SIGKILL");
    });
  }

  private async startNginx(): Promise<void> {
    for (const { path, content } of this.bundle.files)
      if (path.startsWith(`${FOLDER}/`)) this.path(`page/${path.slice(FOLDER.length + 1)}`, content);
    const prediction = this.path(
      "page-data/prediction.json",
      fileOf(this.bundle, "/etc/mastodon-host/prediction.json").content,
    );
    const site = this.path(
      "watch.conf",
      fileOf(this.bundle, "/etc/nginx/conf.d/watch.conf")
        .content.replaceAll(FOLDER, join(this.folder, "page"))
        .replaceAll("/etc/mastodon-host/prediction.json", prediction)
        .replaceAll("/etc/mastodon-host/page-listen*.conf", join(this.folder, "no-tailnet*.conf"))
        .replaceAll(`127.0.0.1:${PAGE_PORT}`, `127.0.0.1:${this.port.page}`)
        .replaceAll(`127.0.0.1:${PROMETHEUS_PORT}`, `127.0.0.1:${this.port.prometheus}`),
    );
    const main = fileOf(this.bundle, "/etc/nginx/nginx.conf").content;
    const gzip = main.match(/^ {2}gzip.*;$/gm) ?? [];
    const types = join(await root(), "etc/nginx/mime.types");
    const config = this.path(
      "nginx.conf",
      `daemon off; pid ${this.folder}/pid; error_log stderr; events {} http {
  include ${types};
  default_type application/octet-stream;
  access_log off;
  proxy_temp_path ${this.folder}/temp; client_body_temp_path ${this.folder}/temp; fastcgi_temp_path ${this.folder}/temp;
  uwsgi_temp_path ${this.folder}/temp; scgi_temp_path ${this.folder}/temp;
${gzip.join("\n")}
  include ${site};
}`,
    );
    this.run([...(await program("usr/sbin/nginx")), "-e", "stderr", "-c", config]);
    await this.answering(this.url);
  }

  private async answering(url: string): Promise<void> {
    const answered = () =>
      fetch(url).then(
        ({ ok }) => ok,
        () => false,
      );
    await until(url, 30, answered).catch((error: Error) => {
      throw new Error(`${error.message}; ${this.said.slice(-3).join("")}`);
    });
  }

  stop(): void {
    for (const one of this.programs) one.kill("SIGTERM");
    this.exporter?.close();
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
  }
}
