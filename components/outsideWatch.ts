import * as digitalocean from "@pulumi/digitalocean";
import * as pulumi from "@pulumi/pulumi";

export interface OutsideWatchArgs {
  /** Host name of the web interface. */
  web: string;
  /** Who gets mail. DigitalOcean writes only to addresses that are confirmed in the account. */
  emails: readonly string[];
}

/** DigitalOcean's own regions for checks: each of them looks once a minute. */
const REGIONS = ["us_east", "us_west", "eu_west", "se_asia"];

/** A look at the site from outside, which also notices that main is down, or that people do not reach it. */
export class OutsideWatch extends pulumi.ComponentResource {
  constructor(name: string, { web, emails }: OutsideWatchArgs, opts?: pulumi.ComponentResourceOptions) {
    super("mastodon-hosting:index:OutsideWatch", name, {}, opts);
    const check = new digitalocean.UptimeCheck(
      `${name}-check`,
      { name: web, target: `https://${web}/health`, type: "https", regions: REGIONS, enabled: true },
      { parent: this },
    );
    new digitalocean.UptimeAlert(
      `${name}-down`,
      {
        checkId: check.id,
        name: `${web} is down`,
        // From every region: a provider's trouble in one is none of ours.
        type: "down_global",
        comparison: "less_than",
        threshold: 1,
        period: "2m",
        notifications: [{ emails: [...emails], slacks: [] }],
      },
      // An alert belongs to its check. The provider would look for it at the other one.
      { parent: this, replaceOnChanges: ["checkId"], deleteBeforeReplace: true },
    );
    this.registerOutputs();
  }
}
