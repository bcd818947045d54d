/** Asks an S3 server as a user of it, or as nobody. */
import { request as http, type IncomingHttpHeaders } from "node:http";
import { request as https } from "node:https";
import { inflateSync } from "node:zlib";
import { sign } from "aws4";
import { parse } from "yaml";
import type { EvaluatedS3 } from "../../lab/s3/server";
import { fromBase85 } from "../support/base85";

export interface Key {
  id: string;
  secret: string;
}

/** Every file that a machine got with its user data, one after the other. */
export function filesOf(userData: string): string {
  const { write_files: files } = parse(userData) as { write_files: { path: string; content: string }[] };
  const packed = files.find(({ path }) => path.endsWith(".b85"))?.content ?? "";
  const bundle = JSON.parse(inflateSync(fromBase85(packed)).toString()) as { files: { content: string }[] };
  return bundle.files.map(({ content }) => content).join("\n");
}

/** Of Mastodon's environment, or of an AWS configuration. */
export function keyIn(files: string, separator: ": " | " = "): Key {
  const value = (name: string) =>
    new RegExp(`${name}${separator}["']?([^"'\\s]+)`, separator === ": " ? "" : "i").exec(files)?.[1] ?? "";
  return { id: value("AWS_ACCESS_KEY_ID"), secret: value("AWS_SECRET_ACCESS_KEY") };
}

export interface Answer {
  status: number;
  body: string;
  /** S3's word for what is wrong. */
  code: string | undefined;
  headers: IncomingHttpHeaders;
}

export interface Call {
  method: string;
  /** `/BUCKET/KEY?QUERY`. */
  path: string;
  body?: string;
  headers?: Record<string, string>;
  /** In the clear rather than by TLS. */
  plain?: boolean;
}

export function ask(s3: EvaluatedS3, key: Key | undefined, call: Call): Promise<Answer> {
  const { method, path, body, headers = {}, plain } = call;
  const url = new URL(plain ? s3.urls.http : s3.urls.https);
  const unsigned = {
    method,
    path,
    headers: { Host: url.host, "Content-Type": "application/octet-stream", ...headers },
    ...(body ? { body } : {}),
  };
  const { headers: sent } = key
    ? sign(
        { service: "s3", region: "us-east-1", ...unsigned },
        { accessKeyId: key.id, secretAccessKey: key.secret },
      )
    : unsigned;
  return new Promise((resolve, reject) => {
    const send = plain ? http : https;
    const options = {
      host: url.hostname,
      port: url.port,
      method,
      path,
      headers: sent as Record<string, string>,
    };
    const message = send({ ...options, ca: s3.authority }, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("end", () => {
        const text = Buffer.concat(chunks).toString();
        const code = /<Code>(.*?)<\/Code>/.exec(text)?.[1];
        resolve({ status: response.statusCode ?? 0, body: text, code, headers: response.headers });
      });
    });
    message.on("error", reject);
    message.end(body);
  });
}
