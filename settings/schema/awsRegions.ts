/** Regions of AWS' standard partition, from the provider. Other partitions have other host names, ARNs and accounts. */
import { Region } from "@pulumi/aws/types/enums";
import { closest, distance } from "fastest-levenshtein";

const OTHER_PARTITION = /^(cn|us-gov|us-iso\w?|eu-isoe|eusc)-/;
export const AWS_REGIONS: readonly string[] = Object.values(Region).filter(
  (region) => !OTHER_PARTITION.test(region),
);

/** What is wrong with a region, as a clause. */
export function awsRegionProblem(region: string): string | undefined {
  if (AWS_REGIONS.includes(region)) return undefined;
  if (OTHER_PARTITION.test(region))
    return `is ${region}, in another partition of AWS, whose host names this program does not know; write a region such as us-east-1 or eu-central-1`;
  return "is not a region of AWS";
}

/** `us-east1`, `US-East-1`: the region that was meant, if it is close. */
export function correctRegion(written: string): string {
  const plain = written.trim().toLowerCase().replace(/[_\s]/g, "-");
  const near = closest(plain, [...AWS_REGIONS]);
  return distance(plain, near) <= 2 ? near : "";
}
