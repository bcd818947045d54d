/** Streaming: an open page gets what others post. */
import { setTimeout as sleep } from "node:timers/promises";
import type { StepInputs } from "../step";

/** A browser's WebSocket, by a library that its server has not: arguments are the library, the name and the address. */
const CLIENT = `
const [, library, name, address] = process.argv;
const WebSocket = require(library);
const socket = new WebSocket("wss://" + address + "/api/v1/streaming?stream=public", {
  servername: name, headers: { Host: name }, rejectUnauthorized: false,
});
socket.on("message", (text) => { console.log(Date.now() + " " + text); socket.close(); });
socket.on("error", (error) => { console.error(error.message); process.exit(1); });
setTimeout(() => { console.error("nothing came within 60 s"); process.exit(1); }, 60000).unref();
`;

export async function streaming({ rehearsal, report }: StepInputs): Promise<void> {
  await report.check("who has a page open gets what is posted, by WebSocket from the internet", async () => {
    const { outside, names, site } = rehearsal;
    const where = [require.resolve("ws"), names.web, site.ipv4];
    let closed = false;
    const client = outside.attempt([process.execPath, "-e", CLIENT, ...where]).finally(() => {
      closed = true;
    });
    const posted = new Map<string, number>();
    while (!closed) {
      const { stdout } = await rehearsal.web("/api/v1/statuses", "--data", "status=to whom it may concern");
      posted.set(String(JSON.parse(stdout).id), Date.now());
      await sleep(500);
    }
    const { code, stdout, stderr } = await client;
    if (code !== 0) throw new Error(stderr);
    const [, at, message] = /^(\d+) (.*)/.exec(stdout) ?? [];
    const { event, payload } = JSON.parse(message ?? "{}");
    const start = posted.get(String(payload));
    if (event !== "update" || start === undefined) throw new Error(`not one of ours: ${message}`);
    return `${Math.max(0, Number(at) - start)} ms after the post was answered`;
  });
}
