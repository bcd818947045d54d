/** Guesses what was meant by a value that is almost right, so that the message can name it. */
import { domainToASCII } from "node:url";
import { z } from "zod";

/** Schema → the value that was meant, if it can be guessed. The schema checks the guess again. */
export const corrections = z.registry<{ correct: (written: string) => string }>();

/** Removes capitals, a scheme, a path, a port, an `@` and a trailing dot; converts international names to their form in DNS. */
export function correctHost(written: string): string {
  const bare = written
    .trim()
    .replace(/^[a-z][a-z\d+.-]*:\/\//i, "")
    .replace(/[/?#].*$/, "")
    .replace(/^.*@/, "")
    .replace(/:\d*$/, "")
    .replace(/^\*?\.+|\.+$/g, "");
  return domainToASCII(bare);
}

/** Removes `s3://`, an ARN, S3's own host names, capitals, dots and underscores. */
export const correctBucket = (written: string) =>
  written
    .trim()
    .toLowerCase()
    .replace(/^(s3:\/\/|arn:aws:s3:::)/, "")
    .replace(/\.s3[.-].*$|\/.*$/, "")
    .replace(/[._\s]+/g, "-");

export const correctEmail = (written: string) =>
  written
    .trim()
    .replace(/^mailto:/i, "")
    .replace(/^.*<(.*)>$/, "$1");

export const correctTime = (written: string) => {
  const [, hours = "", minutes = "00"] =
    /^(\d{1,2})(?:[:.h](\d\d))?(?:\s*(?:utc|h))?$/i.exec(written.trim()) ?? [];
  return `${hours.padStart(2, "0")}:${minutes}`;
};

export const correctRelease = (written: string) => `v${written.trim().replace(/^v/i, "")}`;
