/** The relay for the instance's mail. It has the relay's name and port, and accepts anyone with the configured login. */
import { readFileSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { SMTPServer, type SMTPServerOptions } from "smtp-server";
import type { Settings } from "../../settings/schema";
import type { Authority } from "../authority";
import { INTERNET } from "./addresses";

export interface Mail {
  from: string;
  to: string[];
  /** The user who was logged in. */
  user: string | undefined;
  encrypted: boolean;
  /** Header and body as they arrived. */
  text: string;
}

export class MailRelay {
  private constructor(
    private readonly server: SMTPServer,
    readonly received: readonly Mail[],
  ) {}

  /** @param smtp the instance's settings for the relay */
  static async start(
    smtp: Settings["smtp"],
    password: string,
    authority: Authority,
    address: string = INTERNET.mail,
  ): Promise<MailRelay> {
    const received: Mail[] = [];
    const { certificate, key } = await authority.sign(smtp.server);
    const server = new SMTPServer({
      name: smtp.server,
      cert: readFileSync(certificate),
      key: readFileSync(key),
      secure: smtp.tls === "implicit",
      hideSTARTTLS: smtp.tls === "none",
      allowInsecureAuth: smtp.tls === "none",
      authOptional: smtp.login === "",
      onAuth: ({ username, password: given }, _session, callback) => {
        const right = username === smtp.login && given === password;
        if (right) callback(null, { user: username });
        else callback(new Error("535 5.7.8 Authentication credentials invalid"));
      },
      onData: keeping(received),
    });
    await new Promise<void>((resolve) => server.listen(smtp.port, address, resolve));
    // Connections break when a machine goes down.
    server.on("error", ({ message }) => process.stdout.write(`    mail relay: ${message}\n`));
    return new MailRelay(server, received);
  }

  get port(): number {
    return (this.server.server.address() as AddressInfo).port;
  }

  stop(): Promise<void> {
    return new Promise((resolve) => this.server.close(resolve));
  }
}

const keeping =
  (received: Mail[]): NonNullable<SMTPServerOptions["onData"]> =>
  (stream, { envelope, user, secure }, callback) => {
    text(stream).then((content) => {
      const from = envelope.mailFrom ? envelope.mailFrom.address : "";
      const to = envelope.rcptTo.map(({ address }) => address);
      received.push({ from, to, user, encrypted: secure, text: content });
      callback(null);
    }, callback);
  };
