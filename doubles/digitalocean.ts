/** digitalocean: two accounts, distinguished by their tokens. */
import type * as digitalocean from "@pulumi/digitalocean";
import type { DigitalOceanAccount } from "./digitaloceanAccount";
import {
  DROPLET,
  IPV4_ASSIGNMENT,
  IPV6_ASSIGNMENT,
  PROJECT_RESOURCES,
  RESERVED_IP,
  RESERVED_IPV6,
  TAG,
  VOLUME,
  VOLUME_ATTACHMENT,
  VOLUME_SNAPSHOT,
} from "./digitaloceanAccount";
import { dropletKinds } from "./digitaloceanDroplets";
import { DNS_RECORD, FIREWALL, networkKinds } from "./digitaloceanNetwork";
import { organisationKinds, PROJECT, SSH_KEY, UPTIME_ALERT, UPTIME_CHECK } from "./digitaloceanOrganisation";
import type { Faults } from "./faults";
import { inputsOf } from "./inputs";
import type { Journal } from "./journal";
import { ProviderDouble, Refused } from "./provider";
import type { Values } from "./values";

/** A token's scopes, `RESOURCE:METHOD`. */
export type Scopes = ReadonlySet<string>;

/** Type → the name of its scopes. A link counts as an update of what it links, and a volume's attachment as an action. */
const SCOPES: { [type: string]: { resource: string; created?: string; link?: true } } = {
  [TAG]: { resource: "tag" },
  [SSH_KEY]: { resource: "ssh_key" },
  [PROJECT]: { resource: "project" },
  [PROJECT_RESOURCES]: { resource: "project", link: true },
  [DROPLET]: { resource: "droplet" },
  [VOLUME]: { resource: "block_storage" },
  [VOLUME_ATTACHMENT]: { resource: "block_storage_action" },
  // Made at its volume; read and deleted among the account's snapshots (resource_volume_snapshot.go of DigitalOcean's Terraform provider).
  [VOLUME_SNAPSHOT]: { resource: "snapshot", created: "block_storage_snapshot" },
  [FIREWALL]: { resource: "firewall" },
  [RESERVED_IP]: { resource: "reserved_ip" },
  [RESERVED_IPV6]: { resource: "reserved_ip" },
  [IPV4_ASSIGNMENT]: { resource: "reserved_ip", link: true },
  [IPV6_ASSIGNMENT]: { resource: "reserved_ip", link: true },
  [DNS_RECORD]: { resource: "domain" },
  [UPTIME_CHECK]: { resource: "uptime" },
  [UPTIME_ALERT]: { resource: "uptime" },
};

export class DigitalOceanDouble extends ProviderDouble<DigitalOceanAccount> {
  readonly package = "digitalocean";
  readonly configuration = inputsOf<digitalocean.ProviderArgs>()({
    token: { type: "string" },
    // The SDK fills it in.
    apiEndpoint: { type: "string" },
  });
  private readonly allowed = new Map<string, Scopes>();
  readonly kinds = { ...organisationKinds, ...dropletKinds, ...networkKinds };

  /** @param tokens token → its account */
  constructor(
    journal: Journal,
    faults: Faults,
    private readonly tokens: ReadonlyMap<string, DigitalOceanAccount>,
    /** Token → its scopes; a token that is absent here may do everything. */
    private readonly scopes: ReadonlyMap<string, Scopes> = new Map(),
  ) {
    super(journal, faults);
  }

  protected logIn({ token }: Values): DigitalOceanAccount {
    const account = this.tokens.get(String(token));
    if (!account) throw new Refused("401: Unable to authenticate you");
    return account;
  }

  override configure(connection: string, configuration: Values): void {
    super.configure(connection, configuration);
    const scopes = this.scopes.get(String(configuration.token));
    if (scopes) this.allowed.set(connection, scopes);
  }

  protected override allow(connection: string, type: string, method: string): void {
    const { resource, created = resource, link } = SCOPES[type] ?? { resource: type };
    const scope = `${method === "create" ? created : resource}:${link && method !== "read" ? "update" : method}`;
    if (this.allowed.get(connection)?.has(scope) === false)
      throw new Refused(`403: You are missing the required permission ${scope}`);
  }
}
