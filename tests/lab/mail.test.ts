/** The mail relay of a rehearsal, spoken to by Python's own client: it takes nothing that a real one would not. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Authority } from "../../lab/authority";
import { MailRelay } from "../../lab/internet/mail";
import { settingsSchema } from "../../settings/schema";
import { run } from "../../tools/run";

const smtp = {
  ...settingsSchema.shape.smtp.parse({}),
  server: "localhost",
  port: 0,
  login: "postmaster@shop.example",
};
const CLIENT = `
import smtplib, ssl, sys
port, authority, tls, password = int(sys.argv[1]), sys.argv[2], sys.argv[3] == "tls", sys.argv[4]
with smtplib.SMTP("localhost", port) as relay:
    if tls:
        relay.starttls(context=ssl.create_default_context(cafile=authority))
    try:
        if password:
            relay.login("postmaster@shop.example", password)
        relay.sendmail("notifications@shop.example", ["keeper@shop.example"], "Subject: hello\\r\\n\\r\\nworld\\r\\n")
        print("taken")
    except smtplib.SMTPResponseException as refused:
        print(refused.smtp_code)
`;

const folder = mkdtempSync(join(tmpdir(), "mail-"));
let authority: Authority;
let relay: MailRelay;
beforeAll(async () => {
  authority = await Authority.create(folder);
  relay = await MailRelay.start(smtp, "secret", authority, "127.0.0.1");
});
afterAll(async () => {
  await relay.stop();
  rmSync(folder, { recursive: true, force: true });
});

const send = async (tls: "tls" | "plain", password: string) =>
  (await run(["python3", "-c", CLIENT, String(relay.port), authority.path, tls, password])).trim();

test.each([
  ["with another password", "tls", "wrong", "535"],
  ["without logging in", "tls", "", "530"],
  ["without TLS", "plain", "secret", "538"],
] as const)("a mail %s is refused", async (_, tls, password, refused) => {
  expect(await send(tls, password)).toBe(refused);
  expect(relay.received).toEqual([]);
});

test("a mail of who logged in over TLS is kept with what is known of it", async () => {
  expect(await send("tls", "secret")).toBe("taken");
  expect(relay.received).toEqual([
    {
      from: "notifications@shop.example",
      to: ["keeper@shop.example"],
      user: "postmaster@shop.example",
      encrypted: true,
      text: "Subject: hello\r\n\r\nworld\r\n",
    },
  ]);
});
