/** Signatures that the rehearsal's S3 takes, held against AWS' own examples (docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html). */
import { sign } from "aws4";
import { isSignedBy } from "../../lab/s3/signature";

const [ID, SECRET] = ["AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"];
const EMPTY = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

interface Example {
  method: string;
  path: string;
  headers: Record<string, string>;
  signature: string;
}

const EXAMPLES: [string, Example][] = [
  [
    "a part of an object",
    {
      method: "GET",
      path: "/test.txt",
      headers: { range: "bytes=0-9", "x-amz-content-sha256": EMPTY },
      signature: "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41",
    },
  ],
  [
    "a put with headers of its own",
    {
      method: "PUT",
      path: "/test%24file.text",
      headers: {
        date: "Fri, 24 May 2013 00:00:00 GMT",
        "x-amz-content-sha256": "44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072",
        "x-amz-storage-class": "REDUCED_REDUNDANCY",
      },
      signature: "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd",
    },
  ],
  [
    "a sub-resource",
    {
      method: "GET",
      path: "/?lifecycle",
      headers: { "x-amz-content-sha256": EMPTY },
      signature: "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543",
    },
  ],
  [
    "a list",
    {
      method: "GET",
      path: "/?max-keys=2&prefix=J",
      headers: { "x-amz-content-sha256": EMPTY },
      signature: "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7",
    },
  ],
];

/** As the request arrives. */
function received({ method, path, headers, signature }: Example) {
  const all: Record<string, string> = {
    ...headers,
    host: "examplebucket.s3.amazonaws.com",
    "x-amz-date": "20130524T000000Z",
  };
  const names = Object.keys(all).sort().join(";");
  const authorization = `AWS4-HMAC-SHA256 Credential=${ID}/20130524/us-east-1/s3/aws4_request,SignedHeaders=${names},Signature=${signature}`;
  return { method, path, headers: { ...all, authorization } };
}

test.each(EXAMPLES)("AWS' example is taken: %s", (_, example) => {
  expect(isSignedBy(received(example), ID, SECRET)).toBe(true);
});

test.each(EXAMPLES)("with one header changed on the way it is refused: %s", (_, example) => {
  const request = received(example);
  for (const name of Object.keys(example.headers)) {
    const changed = { ...request, headers: { ...request.headers, [name]: "another" } };
    expect([name, isSignedBy(changed, ID, SECRET)]).toEqual([name, false]);
  }
});

// What SDKs sign differs: botocore leaves out what proxies change, Ruby's and Go's sign more or less of it from one release to the next.
test.each([
  ["range"],
  ["user-agent"],
  ["connection"],
  ["expect"],
  ["x-amzn-trace-id"],
  ["amz-sdk-request"],
  ["content-length"],
])("whatever else is signed is looked at: %s", (name) => {
  const headers = { Host: "s3", [name]: "some value" };
  const extraHeadersToInclude = { [name]: true };
  const [method, path] = ["GET", "/b/k"];
  const wanted = { service: "s3", region: "us-east-1", method, path, headers, extraHeadersToInclude };
  const sent = sign(wanted, { accessKeyId: ID, secretAccessKey: SECRET }).headers as Record<string, string>;
  const lower = Object.fromEntries(Object.entries(sent).map(([key, value]) => [key.toLowerCase(), value]));
  expect(lower.authorization).toContain(name);
  const request = { method, path, headers: lower };
  expect(isSignedBy(request, ID, SECRET)).toBe(true);
  expect(isSignedBy({ ...request, headers: { ...lower, [name]: "another" } }, ID, SECRET)).toBe(false);
});
