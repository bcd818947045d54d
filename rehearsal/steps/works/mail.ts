/** Mail: what a job sends arrives at the relay. */
import { until } from "../../until";
import type { StepInputs } from "../step";

export async function mail({ rehearsal, report }: StepInputs): Promise<void> {
  const { mail: relay, settings } = rehearsal;
  if (!relay) return;
  await report.check("a password reset reaches the relay: logged in, encrypted, to the owner", async () => {
    const { email } = settings.owner;
    const start = Date.now();
    const before = relay.received.length;
    const asked = await rehearsal.web("/auth/password", "--fail", "--data-urlencode", `user[email]=${email}`);
    if (asked.code !== 0) throw new Error(asked.stderr);
    await until("a mail", 60, async () => relay.received.length > before);
    const seconds = (Date.now() - start) / 1000;
    const { text = "", ...envelope } = relay.received[before] ?? {};
    const wanted = {
      from: settings.smtp.from || `notifications@${settings.domain}`,
      to: [email],
      user: settings.smtp.login,
      encrypted: settings.smtp.tls !== "none",
    };
    if (JSON.stringify(envelope) !== JSON.stringify(wanted)) throw new Error(JSON.stringify(envelope));
    // Without the line breaks of quoted-printable.
    const whole = text.replaceAll("=\r\n", "");
    if (
      !/^Subject: Reset password/m.test(whole) ||
      !whole.includes(`https://${rehearsal.names.web}/auth/password/edit`)
    )
      throw new Error(text);
    return `${seconds.toFixed(1)} s after it was asked for`;
  });
}
