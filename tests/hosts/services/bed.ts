/** The one main that the tests of its services share: booted from its user data, with a volume. */
import { join } from "node:path";
import { Authority, type ServerCertificate } from "../../../lab/authority";
import type { Machine } from "../../../lab/machine";
import type { Volume } from "../../../lab/volume";
import { mainHost } from "../../../machines/hosts";
import type { Result } from "../../../tools/run";
import { mainInputs } from "../../support/mainFixtures";
import { worstSecrets } from "../../support/worstSecrets";
import { checkedOften } from "../boot/ask";
import { Lab, VOLUME_NAME } from "../lab";

/** Redis small enough to be filled. */
function inputs() {
  const all = mainInputs({}, worstSecrets);
  const small = { maxMemoryMiB: 64 };
  return { ...all, sizing: { ...all.sizing, redis: small, cacheRedis: small } };
}

export class Bed {
  readonly inputs = inputs();
  private constructor(
    readonly lab: Lab,
    readonly main: Machine,
    readonly volume: Volume,
    /** Of the stand-in for S3; main trusts it. */
    readonly bucketCertificate: ServerCertificate,
  ) {}

  static async create(): Promise<Bed> {
    const lab = await Lab.create();
    const authority = await Authority.create(join(lab.folder, "authority"));
    const { names, settings } = inputs();
    const bucketCertificate = await authority.sign(
      `${names.mediaBucket}.s3.${settings.aws.region}.amazonaws.com`,
    );
    const bed = new Bed(
      lab,
      await lab.machine(checkedOften(mainHost(inputs()))),
      await lab.volume(),
      bucketCertificate,
    );
    authority.trustedBy(bed.main);
    await bed.main.start();
    await bed.main.attach(bed.volume, VOLUME_NAME);
    const verdict = await bed.main.booted();
    if (verdict !== "done") throw new Error(`main's boot ended as: ${verdict}`);
    return bed;
  }

  /** A query as Postgres' administrator. */
  async sql(query: string, database = "mastodon"): Promise<string> {
    return (
      await this.main.run(`runuser -u postgres -- psql -qtAX -v ON_ERROR_STOP=1 -d ${database}`, {
        input: query,
      })
    ).trim();
  }

  /** psql as Mastodon connects: by TCP with the password. */
  mastodonSql(query: string, port = 6432): Promise<Result> {
    return this.main.attempt(`${this.asMastodon(port)} psql -qtAX -v ON_ERROR_STOP=1`, { input: query });
  }

  /** Environment of a libpq program that connects as Mastodon does. */
  asMastodon(port = 6432): string {
    return `PGPASSWORD="$(cat /etc/mastodon-host/secrets/postgres-password)" PGHOST=127.0.0.1 PGPORT=${port} PGUSER=mastodon PGDATABASE=mastodon`;
  }

  /** redis-cli; `input` has one command a line. */
  async redis(kind: "redis" | "cache-redis", command: string, input = ""): Promise<string> {
    const port = kind === "redis" ? 6379 : 6380;
    return (
      await this.main.run(
        `REDISCLI_AUTH="$(cat /etc/mastodon-host/secrets/${kind}-password)" redis-cli -p ${port} ${command}`,
        { input },
      )
    ).trim();
  }

  remove(): Promise<void> {
    return this.lab.remove();
  }
}

/** The bed, once it is made: what a group of tests gets. */
export type Beds = () => Bed;
