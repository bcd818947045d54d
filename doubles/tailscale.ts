/** tailscale: auth keys, and the policy file. */
import type * as tailscale from "@pulumi/tailscale";
import type { Faults } from "./faults";
import { between, inputsOf, matching } from "./inputs";
import type { Journal } from "./journal";
import { type Kind, ProviderDouble, Refused } from "./provider";
import { KEY, type Tailnet } from "./tailnet";
import type { Values } from "./values";

/** A change of any input replaces a key. */
const tailnetKey: Kind<Tailnet> = {
  inputs: inputsOf<tailscale.TailnetKeyArgs>()({
    description: { type: "string", replaces: true, refuses: matching(/^[A-Za-z0-9 -]{0,50}$/) },
    ephemeral: { type: "boolean", replaces: true, default: false },
    expiry: { type: "integer", replaces: true, refuses: between(1, 90 * 24 * 3600) },
    preauthorized: { type: "boolean", replaces: true, default: false },
    recreateIfInvalid: { type: "string", replaces: true },
    reusable: { type: "boolean", replaces: true, default: false },
    tags: { type: "list", replaces: true },
  }),
  computed: ["key", "createdAt", "expiresAt", "invalid"],
  secrets: ["key"],
  create: (tailnet, inputs) => {
    const tags = (inputs.tags ?? []) as string[];
    const unknown = tags.filter((tag) => !tailnet.tagOwners[tag]);
    // An OAuth client cannot create keys that belong to a person.
    if (tags.length === 0 || unknown.length > 0)
      throw new Refused(`400: requested tags [${unknown}] are invalid or not permitted`);
    return tailnet.newKey(inputs);
  },
  // The API returns the key itself only once, when it is created: the provider forgets it when it reads.
  read: (tailnet, record) => ({ ...record.outputs, key: "", invalid: tailnet.isInvalid(record) }),
};

const acl: Kind<Tailnet> = {
  inputs: inputsOf<tailscale.AclArgs>()({
    acl: { type: "string", required: true },
    overwriteExistingContent: { type: "boolean" },
  }),
  computed: [],
  create: (tailnet, { acl: text, overwriteExistingContent }) => {
    if (!overwriteExistingContent && Object.keys(tailnet.tagOwners).length > 0)
      throw new Refused("412: precondition failed, invalid old hash");
    tailnet.tagOwners = JSON.parse(text as string).tagOwners ?? {};
    return { id: "acl" };
  },
  update: (tailnet, _record, { acl: text }) => {
    tailnet.tagOwners = JSON.parse(text as string).tagOwners ?? {};
    return {};
  },
};

export class TailscaleDouble extends ProviderDouble<Tailnet> {
  readonly package = "tailscale";
  readonly configuration = inputsOf<tailscale.ProviderArgs>()({
    tailnet: { type: "string" },
    oauthClientId: { type: "string" },
    oauthClientSecret: { type: "string" },
    scopes: { type: "list" },
    // The SDK fills it in.
    userAgent: { type: "string" },
  });
  readonly kinds = { [KEY]: tailnetKey, "tailscale:index/acl:Acl": acl };

  /** @param secrets OAuth client's secret → its tailnet */
  constructor(
    journal: Journal,
    faults: Faults,
    private readonly secrets: ReadonlyMap<string, Tailnet>,
  ) {
    super(journal, faults);
  }

  protected logIn({ oauthClientSecret }: Values): Tailnet {
    const tailnet = this.secrets.get(String(oauthClientSecret));
    if (!tailnet) throw new Refused("401: API token invalid");
    return tailnet;
  }
}
