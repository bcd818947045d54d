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
  const asked = blocksOf(provider, accountId).then((names) => {
    if (names.length === 0) return;
    const message = `is ${accountId}, an account that blocks all public buckets (${names.join(", ")}), but everyone must be able to read Mastodon's media. Turn the block off: aws s3control put-public-access-block --account-id ${accountId} --public-access-block-configuration BlockPublicAcls=true,IgnorePublicAcls=true,BlockPublicPolicy=false,RestrictPublicBuckets=false`;
    if (firstRun) refuse("The AWS account of this stack has", [{ key: "aws.accountId", message }]);
    pulumi.log.warn(`aws.accountId ${message}`);
  });
  // A warning may come while resources are registered; the SDK waits for it at the end.
  if (firstRun) await asked;
}

/** The names of the blocks that are on. */
async function blocksOf(provider: pulumi.ProviderResource, accountId: string): Promise<string[]> {
  try {
    const { blockPublicPolicy, restrictPublicBuckets } = await getAccountPublicAccessBlock(
      { accountId },
      { provider, async: true },
    );
    return [
      ...(blockPublicPolicy ? ["BlockPublicPolicy"] : []),
      ...(restrictPublicBuckets ? ["RestrictPublicBuckets"] : []),
    ];
  } catch (error) {
    const { message } = error as Error;
    if (!NONE.test(message))
      pulumi.log.warn(
        `Could not ask whether AWS account ${accountId} blocks public buckets (s3:GetAccountPublicAccessBlock): ${message}`,
      );
    return [];
  }
}
