/** IAM users, their policies and access keys. */
import { randomBytes } from "node:crypto";
import type * as iam from "@pulumi/aws/iam";
import { ACCESS_KEY, type AwsAccount, statementsOf, USER, USER_POLICY } from "./awsAccount";
import { inputsOf, matching } from "./inputs";
import { type Kind, Refused } from "./provider";

const user: Kind<AwsAccount> = {
  inputs: inputsOf<iam.UserArgs>()({
    name: { type: "string", refuses: matching(/^[\w+=,.@-]{1,64}$/) },
    path: { type: "string", refuses: matching(/^\/([!-~]+\/)?$/) },
    forceDestroy: { type: "boolean" },
    tags: { type: "map" },
  }),
  computed: ["arn"],
  named: true,
  create: (account, { name, path }) => {
    if (account.find(USER, name as string))
      throw new Refused(`EntityAlreadyExists: User with name ${name} already exists.`);
    const arn = `arn:aws:iam::${account.accountId}:user${path ?? "/"}${name}`;
    return { id: name as string, outputs: { arn } };
  },
  delete: (account, { id }) => {
    const left = [ACCESS_KEY, USER_POLICY].filter((type) =>
      account.having(type, ({ user: owner }) => owner === id),
    );
    if (left.length > 0) throw new Refused(`DeleteConflict: ${id} still has ${left}`);
  },
};

const userPolicy: Kind<AwsAccount> = {
  inputs: inputsOf<iam.UserPolicyArgs>()({
    name: { type: "string", replaces: true },
    policy: { type: "string", required: true },
    user: { type: "string", required: true, replaces: true },
  }),
  computed: [],
  create: (account, { user: owner, policy, name: given }, name) => {
    account.user(owner);
    statementsOf(policy);
    if (String(policy).length > 2048) throw new Refused("LimitExceeded: maximum policy size of 2048 bytes");
    return { id: `${owner}:${given ?? name}` };
  },
};

const accessKey: Kind<AwsAccount> = {
  inputs: inputsOf<iam.AccessKeyArgs>()({
    user: { type: "string", required: true, replaces: true },
    status: { type: "string" },
  }),
  computed: ["secret", "sesSmtpPasswordV4", "createDate"],
  secrets: ["secret", "sesSmtpPasswordV4"],
  create: (account, { user: owner }) => {
    account.user(owner);
    const keys = account.list(ACCESS_KEY).filter(({ inputs }) => inputs.user === owner);
    if (keys.length >= 2) throw new Refused("LimitExceeded: Cannot exceed quota for AccessKeysPerUser: 2");
    return {
      id: `AKIA${randomBytes(8).toString("hex").toUpperCase()}`,
      outputs: {
        secret: randomBytes(30).toString("base64"),
        sesSmtpPasswordV4: randomBytes(33).toString("base64"),
        createDate: new Date().toISOString(),
      },
    };
  },
};

export const userKinds: { [type: string]: Kind<AwsAccount> } = {
  [USER]: user,
  [USER_POLICY]: userPolicy,
  [ACCESS_KEY]: accessKey,
};
