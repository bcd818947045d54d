/** Everything that the program deploys to: two DigitalOcean accounts, an AWS account, a tailnet, and the machines. */
import { serveApis } from "./api";
import { AwsDouble } from "./aws";
import { AwsAccount } from "./awsAccount";
import { CommandDouble } from "./command";
import { DigitalOceanDouble, type Scopes } from "./digitalocean";
import { DigitalOceanAccount } from "./digitaloceanAccount";
import { Faults } from "./faults";
import { Journal } from "./journal";
import { type Machines, SimulatedMachines } from "./machines";
import type { ProviderDouble } from "./provider";
import { RandomDouble } from "./random";
import { type Served, serve } from "./serve";
import { sshStandIn } from "./sshStandIn";
import { Tailnet } from "./tailnet";
import { TailscaleDouble } from "./tailscale";
import { TlsDouble } from "./tls";

/** The credentials of each. */
export interface Credentials {
  digitaloceanToken: string;
  /** Another account's token, or the same. */
  digitaloceanWorkerToken: string;
  tailscaleOauthClientSecret: string;
  awsAccountId: string;
}

export class Cloud<M extends Machines = SimulatedMachines> {
  readonly journal = new Journal();
  readonly faults = new Faults();
  readonly tailnet: Tailnet;
  readonly machines: M;
  readonly main: DigitalOceanAccount;
  readonly workers: DigitalOceanAccount;
  readonly aws: AwsAccount;
  /** Releases whose images the registry has. */
  readonly images = new Set(["v4.7.3", "v4.7.4", "v4.7.5"]);
  /** DigitalOcean token → its account. */
  readonly tokens: Map<string, DigitalOceanAccount>;
  /** DigitalOcean token → its scopes, if it does not have all of them. */
  readonly scopes = new Map<string, Scopes>();
  private readonly running: { stop(): void }[] = [];
  private served: Served[] = [];
  /** Addresses of the accounts' own APIs. */
  apiUrl = "";

  /** @param real a tailnet and machines of a rehearsal; simulated ones if absent */
  constructor(
    private readonly credentials: Credentials,
    real?: { tailnet: Tailnet; machines: M },
  ) {
    this.tailnet = real?.tailnet ?? new Tailnet("tailnet");
    this.machines = real?.machines ?? (new SimulatedMachines(this.journal, this.tailnet) as Machines as M);
    this.main = new DigitalOceanAccount("main", this.machines);
    this.workers = new DigitalOceanAccount("workers", this.machines);
    // As the README says: the workers' token needs none of these.
    for (const scope of ["block_storage:read", "reserved_ip:read", "domain:read"])
      this.workers.withoutScopes.add(scope);
    this.aws = new AwsAccount(credentials.awsAccountId);
    this.tokens = new Map([
      [credentials.digitaloceanWorkerToken, this.workers],
      [credentials.digitaloceanToken, this.main],
    ]);
  }

  async start(): Promise<void> {
    const { journal, faults, machines } = this;
    const { tailscaleOauthClientSecret } = this.credentials;
    const ssh = await sshStandIn(machines);
    const doubles = [
      new DigitalOceanDouble(journal, faults, this.tokens, this.scopes),
      new AwsDouble(journal, faults, this.aws),
      new TailscaleDouble(journal, faults, new Map([[tailscaleOauthClientSecret, this.tailnet]])),
      new RandomDouble(journal, faults),
      new TlsDouble(journal, faults),
      new CommandDouble(journal, faults, machines, ssh),
    ];
    this.served = await Promise.all(doubles.map((double) => serve(double as unknown as ProviderDouble)));
    const apis = await serveApis(this.tokens, this.tailnet, this.images);
    this.apiUrl = apis.url;
    this.running.push(ssh, apis, ...this.served);
  }

  /** In the form that PULUMI_DEBUG_PROVIDERS takes. */
  get addresses(): string {
    return this.served.map(({ address }) => address).join(",");
  }

  stop(): void {
    for (const running of this.running) running.stop();
  }
}
