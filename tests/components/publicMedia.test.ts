/** S3's Block Public Access of a whole AWS account, before the first bucket. */
import { prod } from "../support/stacks";

const BLOCKED = { blockPublicPolicy: true, restrictPublicBuckets: true };
const SAID =
  "aws.accountId is 123456789012, an account that blocks all public buckets (BlockPublicPolicy, RestrictPublicBuckets), but everyone must be able to read Mastodon's media. Turn the block off: aws s3control put-public-access-block --account-id 123456789012 --public-access-block-configuration BlockPublicAcls=true,IgnorePublicAcls=true,BlockPublicPolicy=false,RestrictPublicBuckets=false";

test("an account that blocks public buckets is refused before anything is made", async () => {
  const made: string[] = [];
  const run = prod({}, { publicAccessBlock: BLOCKED, onMade: ({ type }) => made.push(type) });
  await expect(run).rejects.toThrow(`1 problem. Nothing was changed.\n  - ${SAID}`);
  expect(made.filter((type) => !type.startsWith("pulumi:"))).toEqual([]);
});

test("a living stack is warned instead: other changes must stay possible", async () => {
  const { warnings } = await prod({}, { publicAccessBlock: BLOCKED, outputsBefore: { identity: {} } });
  expect(warnings).toContain(SAID);
});

test.each([
  ["an account that never set it", undefined],
  ["an account that blocks ACLs alone", { blockPublicPolicy: false, restrictPublicBuckets: false }],
])("%s is let through without a word", async (_, publicAccessBlock) => {
  const { warnings } = await prod({}, publicAccessBlock ? { publicAccessBlock } : {});
  expect(warnings.filter((line) => !line.startsWith("Still the examples' values"))).toEqual([]);
});
