/** digitalocean: two accounts, told apart by their tokens. */
import type * as digitalocean from "@pulumi/digitalocean";
import type { DigitalOceanAccount } from "./digitaloceanAccount";
import { dropletKinds } from "./digitaloceanDroplets";
import { networkKinds } from "./digitaloceanNetwork";
import { organisationKinds } from "./digitaloceanOrganisation";
import type { Faults } from "./faults";
import { inputsOf } from "./inputs";
import type { Journal } from "./journal";
import { ProviderDouble, Refused } from "./provider";
import type { Values } from "./values";

export class DigitalOceanDouble extends ProviderDouble<DigitalOceanAccount> {
  readonly package = "digitalocean";
  readonly configuration = inputsOf<digitalocean.ProviderArgs>()({
    token: { type: "string" },
    // The SDK fills it in.
    apiEndpoint: { type: "string" },
  });
  readonly kinds = { ...organisationKinds, ...dropletKinds, ...networkKinds };

  /** @param tokens token → its account */
  constructor(
    journal: Journal,
    faults: Faults,
    private readonly tokens: ReadonlyMap<string, DigitalOceanAccount>,
  ) {
    super(journal, faults);
  }

  protected logIn({ token }: Values): DigitalOceanAccount {
    const account = this.tokens.get(String(token));
    if (!account) throw new Refused("401: Unable to authenticate you");
    return account;
  }
}
