/** Tailscale's control plane: headscale under its name, with its own relay. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { stringify } from "yaml";
import { run } from "../../tools/run";
import type { Authority } from "../authority";
import { Daemon, listens } from "../daemon";
import { headscaleProgram } from "../tailnetTools";
import { CONTROL_PLANE_NAME, INTERNET } from "./addresses";

/** A node in `headscale nodes list`; only the fields that are used here. */
export interface TailnetNode {
  id: number;
  given_name: string;
  ip_addresses: string[];
  online?: boolean;
}

export class ControlPlane {
  private daemon: Daemon | undefined;

  private constructor(
    private readonly folder: string,
    private readonly program: string,
  ) {}

  /** @param policy the tailnet's policy file */
  static async start(parent: string, authority: Authority, policy: string): Promise<ControlPlane> {
    const folder = join(parent, "control-plane");
    mkdirSync(folder, { recursive: true });
    const tls = await authority.sign(CONTROL_PLANE_NAME);
    const plane = new ControlPlane(folder, await headscaleProgram());
    writeFileSync(join(folder, "policy.json"), policy);
    writeFileSync(plane.config, stringify(plane.configuration(tls)));
    await plane.up();
    return plane;
  }

  private get config(): string {
    return join(this.folder, "config.yaml");
  }

  private configuration(tls: { certificate: string; key: string }) {
    const file = (name: string) => join(this.folder, name);
    return {
      server_url: `https://${CONTROL_PLANE_NAME}`,
      listen_addr: `${INTERNET.controlPlane}:443`,
      metrics_listen_addr: "",
      grpc_listen_addr: "127.0.0.1:50443",
      tls_cert_path: tls.certificate,
      tls_key_path: tls.key,
      noise: { private_key_path: file("noise.key") },
      prefixes: { v4: "100.64.0.0/10", v6: "fd7a:115c:a1e0::/48", allocation: "sequential" },
      derp: {
        server: {
          enabled: true,
          region_id: 999,
          region_code: "lab",
          region_name: "lab",
          verify_clients: false,
          stun_listen_addr: `${INTERNET.controlPlane}:3478`,
          private_key_path: file("derp.key"),
          automatically_add_embedded_derp_region: true,
          ipv4: INTERNET.controlPlane,
        },
        urls: [],
        paths: [],
        auto_update_enabled: false,
      },
      disable_check_updates: true,
      database: { type: "sqlite", sqlite: { path: file("db.sqlite"), write_ahead_log: true } },
      log: { level: "info", format: "text" },
      policy: { mode: "file", path: file("policy.json") },
      dns: {
        magic_dns: false,
        override_local_dns: false,
        base_domain: "tailnet.lab",
        nameservers: { global: [] },
      },
      unix_socket: file("headscale.sock"),
      unix_socket_permission: "0700",
      logtail: { enabled: false },
    };
  }

  /** Starts it; also starts it again after `down`. */
  async up(): Promise<void> {
    this.daemon = await Daemon.start({
      name: "headscale",
      folder: this.folder,
      command: [this.program, "serve", "--config", this.config],
      ready: () => listens(INTERNET.controlPlane, 443),
    });
  }

  async down(): Promise<void> {
    await this.daemon?.stop();
  }

  private async ask<T>(...args: string[]): Promise<T> {
    return JSON.parse(await run([this.program, "--config", this.config, ...args, "--output", "json"])) as T;
  }

  /** A one-use auth key for a device with these tags. */
  async mintKey(tags: readonly string[], seconds: number): Promise<{ id: string; key: string }> {
    const expiration = `${Math.ceil(seconds)}s`;
    const { id, key } = await this.ask<{ id: number | string; key: string }>(
      ...["preauthkeys", "create", "--tags", tags.join(","), "--expiration", expiration],
    );
    return { id: String(id), key };
  }

  nodes(): Promise<TailnetNode[]> {
    return this.ask<TailnetNode[] | null>("nodes", "list").then((nodes) => nodes ?? []);
  }

  /** IPv4 address of the node with that name. */
  async addressOf(hostname: string): Promise<string> {
    const node = (await this.nodes()).find(({ given_name }) => given_name === hostname);
    const address = node?.ip_addresses.find((ip) => !ip.includes(":"));
    if (!address) throw new Error(`${hostname} is not in the tailnet`);
    return address;
  }
}
