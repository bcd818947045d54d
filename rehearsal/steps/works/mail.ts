/** Mail: what a job sends arrives at the relay. */
import { join } from "node:path";
import { until } from "../../../tools/until";
import type { Inputs } from "../step";

export async function mail(world: Inputs<"browser" | "folder" | "mail" | "stack">): Promise<void> {
  const { report } = world;
  const { mail: relay } = world;
  const { settings } = world.stack;
  if (!relay) return;
  await report.check("a password reset reaches the relay: logged in, encrypted, to the owner", async () => {
    const { email } = settings.owner;
    // The form's token, and the cookie that belongs to it.
    const jar = join(world.folder, "cookies");
    const page = await world.browser.web("/auth/password/new", "--fail", "--cookie-jar", jar);
    const [, token] = /name="authenticity_token" value="([^"]+)"/.exec(page.stdout) ?? [];
    if (!token) throw new Error(`no form: ${page.stdout}${page.stderr}`);
    const start = Date.now();
    const form = { authenticity_token: token, "user[email]": email };
    const fields = Object.entries(form).flatMap(([name, value]) => ["--data-urlencode", `${name}=${value}`]);
    const asked = await world.browser.web("/auth/password", "--fail", "--cookie", jar, ...fields);
    if (asked.code !== 0) throw new Error(asked.stderr);
    // There are other mails: the owner's own account was announced for review.
    const before = relay.received.length;
    const reset = () =>
      relay.received.slice(before).find(({ text }) => /^Subject: Mastodon: Reset password/m.test(text));
    await until("a mail", 60, async () => reset() !== undefined);
    const seconds = (Date.now() - start) / 1000;
    const { text = "", ...envelope } = reset() ?? {};
    const wanted = {
      from: settings.smtp.from || `notifications@${settings.domain}`,
      to: [email],
      user: settings.smtp.login,
      encrypted: settings.smtp.tls !== "none",
    };
    if (JSON.stringify(envelope) !== JSON.stringify(wanted)) throw new Error(JSON.stringify(envelope));
    // Without the line breaks of quoted-printable.
    const whole = text.replaceAll("=\r\n", "");
    if (!whole.includes(`https://${world.stack.names.web}/auth/password/edit`)) throw new Error(text);
    return `${seconds.toFixed(1)} s after it was asked for`;
  });
}
