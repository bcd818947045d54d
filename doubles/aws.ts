/** aws: S3 buckets with their settings, IAM users. */
import type * as awsProvider from "@pulumi/aws/provider";
import type { AwsAccount } from "./awsAccount";
import { bucketKinds } from "./awsBuckets";
import { userKinds } from "./awsUsers";
import type { Faults } from "./faults";
import { inputsOf } from "./inputs";
import type { Journal } from "./journal";
import { ProviderDouble, Refused } from "./provider";
import type { Values } from "./values";

export class AwsDouble extends ProviderDouble<AwsAccount> {
  readonly package = "aws";
  readonly configuration = inputsOf<awsProvider.ProviderArgs>()({
    region: { type: "string" },
    allowedAccountIds: { type: "list" },
    defaultTags: { type: "map" },
    // The SDK fills these in.
    skipCredentialsValidation: { type: "boolean" },
    skipRegionValidation: { type: "boolean" },
  });
  readonly kinds = { ...bucketKinds, ...userKinds };

  /** @param account the account that the credentials in the environment belong to */
  constructor(
    journal: Journal,
    faults: Faults,
    private readonly account: AwsAccount,
  ) {
    super(journal, faults);
  }

  override invoke(account: AwsAccount, token: string, args: Values): Values {
    if (token !== "aws:s3/getAccountPublicAccessBlock:getAccountPublicAccessBlock")
      return super.invoke(account, token, args);
    this.journal.add({ where: this.package, what: "invoke", name: token, account: account.label });
    if (!account.publicAccessBlock)
      throw new Refused(
        `reading S3 Account Public Access Block (${account.accountId}): couldn't find resource`,
      );
    return { id: account.accountId, ...account.publicAccessBlock };
  }

  protected logIn({ allowedAccountIds }: Values): AwsAccount {
    const allowed = allowedAccountIds as string[] | undefined;
    if (allowed && !allowed.includes(this.account.accountId))
      throw new Refused(`AWS account ID not allowed: ${this.account.accountId}`);
    return this.account;
  }
}
