/** Whether the AWS account allows public buckets at all: S3's Block Public Access has a switch for the whole account. */
import { getAccountPublicAccessBlock } from "@pulumi/aws/s3";
import * as pulumi from "@pulumi/pulumi";
import type { Configuration } from "../checks/configuration";
import { refuse } from "../checks/refuse";

/** What AWS answers if the switch was never set. */
const NONE = /couldn't find resource|NoSuchPublicAccessBlockConfiguration|not found/i;

/**
 * Refuses a first run: without the media bucket's policy no picture is shown, and AWS would report it in the middle of the up. A living
 * stack gets a warning.
 *
 * @throws pulumi.RunError
 */
export async function allowPublicMedia(
  provider: pulumi.ProviderResource,
  { settings: { aws }, firstRun }: Pick<Configuration, "settings" | "firstRun">,
): Promise<void> {
  const { accountId } = aws;
  const blocks = await getAccountPublicAccessBlock({ accountId }, { provider, async: true }).catch(
    (error: Error) => {
      if (!NONE.test(error.message))
        pulumi.log.warn(
          `Could not ask whether AWS account ${accountId} blocks public buckets (s3:GetAccountPublicAccessBlock): ${error.message}`,
        );
      return undefined;
    },
  );
  const names = [
    ...(blocks?.blockPublicPolicy ? ["BlockPublicPolicy"] : []),
    ...(blocks?.restrictPublicBuckets ? ["RestrictPublicBuckets"] : []),
  ];
  if (names.length === 0) return;
  const message = `is ${accountId}, an account that blocks all public buckets (${names.join(", ")}), but everyone must be able to read Mastodon's media. Turn the block off: aws s3control put-public-access-block --account-id ${accountId} --public-access-block-configuration BlockPublicAcls=true,IgnorePublicAcls=true,BlockPublicPolicy=false,RestrictPublicBuckets=false`;
  if (firstRun) refuse("The AWS account of this stack has", [{ key: "aws.accountId", message }]);
  pulumi.log.warn(`aws.accountId ${message}`);
}
