/** The page of the watch as administrators see it: real Prometheus, real nginx, real browser; wide and narrow, light and dark. */
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { QUEUE_NAMES } from "../../catalogue/queues";
import { launched } from "./chromium";
import { textContrasts } from "./contrast";
import { LATE, UNSERVED } from "./watch/day";
import { Served } from "./watch/served";

let browser: Browser;
let served: Served;
beforeAll(async () => {
  browser = await launched();
  served = await Served.start();
}, 900_000);
afterAll(async () => {
  await browser?.close();
  served?.stop();
});

interface Look {
  width?: number;
  colorScheme?: "light" | "dark";
  grey?: boolean;
  at?: Served;
}

const drawn = () =>
  performance.getEntriesByName("curves").length > 0 &&
  [...document.querySelectorAll(".picture")].every((one) => one.querySelector("canvas"));

async function opened({ width = 1100, colorScheme = "light", at = served }: Look = {}) {
  const page = await browser.newPage({ viewport: { width, height: 900 }, colorScheme });
  const requests: string[] = [];
  const errors: string[] = [];
  page.on("request", (request) => requests.push(request.url()));
  page.on("pageerror", (error) => errors.push(String(error)));
  page.on("console", (message) => message.type() === "error" && errors.push(message.text()));
  await page.goto(at.url);
  return { page, requests, errors };
}

/** Once a day's curves are there. */
async function shown(look: Look = {}) {
  const found = await opened(look);
  await found.page.waitForFunction(drawn);
  return found;
}

async function pictured(page: Page, name: string): Promise<void> {
  if (!process.env.SCREENSHOTS) return;
  await page.mouse.move(0, 0);
  await page.screenshot({ path: join(process.env.SCREENSHOTS, `watch-${name}.png`), fullPage: true });
}

const card = (page: Page, name: string) =>
  page.getByRole("article").filter({ has: page.getByRole("heading", { name, exact: true, level: 3 }) });
const words = async (page: Page, name: string) => (await card(page, name).textContent()) ?? "";

test("a day's curves are there within a second", async () => {
  const took: number[] = [];
  for (let i = 0; i < 5; i++) {
    const { page } = await shown();
    took.push(await page.evaluate(() => performance.getEntriesByName("curves")[0]?.startTime ?? 0));
    await page.close();
  }
  const { page } = await opened();
  await page.waitForFunction(drawn);
  const weight = await page.evaluate(() =>
    performance.getEntriesByType("resource").map((entry) => {
      const { name, transferSize, startTime, responseEnd } = entry as PerformanceResourceTiming;
      const when = `${Math.round(startTime)} to ${Math.round(responseEnd)} ms`;
      return [new URL(name).pathname, `${transferSize} bytes, ${when}`] as const;
    }),
  );
  await page.close();
  process.stdout.write(
    `    first curves after ${took.map(Math.round).join(", ")} ms; ${JSON.stringify(Object.fromEntries(weight), null, 1)}\n`,
  );
  // The quickest: other programs of this machine take the rest.
  expect(Math.min(...took)).toBeGreaterThan(0);
  expect(Math.min(...took)).toBeLessThan(1000);
});

test("nothing is asked of anyone but main, nothing else could be, and no error is told", async () => {
  const { page, requests, errors } = await shown();
  await page.waitForLoadState("networkidle");
  expect(errors).toEqual([]);
  expect(requests.length).toBeGreaterThan(8);
  expect(requests.filter((url) => !url.startsWith(served.url))).toEqual([]);
  const tried = await page.evaluate(async () => {
    const image = new Promise((resolve) => {
      const one = document.createElement("img");
      one.onload = () => resolve("loaded");
      one.onerror = () => resolve("refused");
      one.src = "data:image/gif;base64,R0lGODlhAQABAAAAACw=";
      document.body.append(one);
    });
    const asked = fetch("http://192.0.2.1/").then(
      () => "answered",
      () => "refused",
    );
    const script = document.createElement("script");
    script.textContent = "window.ran = true";
    document.body.append(script);
    return { image: await image, asked: await asked, ran: "ran" in window };
  });
  expect(tried).toEqual({ image: "refused", asked: "refused", ran: false });
  // Refused by the page's policy, not by a network that is not there.
  expect(errors.filter((text) => text.includes("Content Security Policy")).length).toBeGreaterThanOrEqual(3);
  await page.close();
});

test("only the questions of the list reach Prometheus, and only by the names of a tailnet", async () => {
  const status = async (path: string, init: RequestInit = {}) =>
    (await fetch(`${served.url}${path}`, init)).status;
  expect(await status("day/queues")).toBe(200);
  for (const path of ["day/", "day/up", "api/v1/query?query=up", "graph", "-/quit", "metrics"])
    expect([path, await status(path)]).toEqual([path, 404]);
  // What the client adds is not passed on.
  const answer = await (await fetch(`${served.url}now?query=vector(1)&time=0`)).json();
  expect(answer.data.result.length).toBeGreaterThan(50);
  for (const method of ["POST", "PUT", "DELETE"]) expect(await status("now", { method })).toBe(405);
  const asHost = (host: string) =>
    new Promise<number | undefined>((resolve) => {
      const { get } = require("node:http") as typeof import("node:http");
      get(served.url, { headers: { host } }, (found) => resolve(found.resume().statusCode));
    });
  for (const host of ["mastodon-live-main-1:9080", "main.tail1234.ts.net", "100.64.0.2:9080", "localhost"])
    expect([host, await asHost(host)]).toEqual([host, 200]);
  for (const host of ["rebound.example", "ts.net.example", "a.b.ts.net.example:9080"])
    expect([host, await asHost(host)]).toEqual([host, 421]);
});

test("each queue says how it is, how it was, and what the plan expects", async () => {
  const { page } = await shown();
  for (const queue of QUEUE_NAMES) {
    expect(
      await card(page, queue)
        .getByRole("img", { name: /^How long the oldest job has waited: .* in a day; target / })
        .count(),
    ).toBe(1);
    expect(
      await card(page, queue)
        .getByRole("img", { name: /^Jobs that wait: waiting / })
        .count(),
    ).toBe(1);
  }
  const { push } = served.prediction.queues;
  const text = await words(page, "push");
  expect(text).toContain("1 of 1 process");
  expect(text).toMatch(
    /Plan: [\d.]+ jobs\/s arrive, [\d.]+ can be done\. After 2 h down .* wait, empty .* later\./,
  );
  // What was left of the outage went down half as fast as the model's.
  expect(push.course.length).toBeGreaterThan(2);
  expect(text).toMatch(/From its peak, the plan would be done at \d\d:\d\d\./);
  expect(await words(page, UNSERVED)).toContain("No process serves it.");
  expect(await words(page, LATE)).toContain("Late. 1 of 1 process.");
  const late = page.locator(".card.late").getByRole("heading");
  expect((await late.allTextContents()).sort()).toEqual([LATE, UNSERVED].sort());
  await page.close();
});

test("release, backup, workers, certificate and newest post are said in words", async () => {
  const { page } = await shown();
  const facts = await page.locator("#facts div").allTextContents();
  expect(facts).toEqual([
    "Releasev4.7.3",
    "Last good backup5 h ago",
    "Workersgeneral: 2 of 2",
    expect.stringMatching(/^Newest post from elsewhere[\d.]+ (s|min) old$/),
    expect.stringMatching(/^Certificatevalid for 6[01] d$/),
    "Jobs to retry, dead37, 4",
  ]);
  await page.close();
});

test("what is no longer measured says since when, and is not calm", async () => {
  const { page } = await shown();
  const memory = await words(page, "Memory of Postgres");
  expect(memory).toMatch(/used no measurement since \d\d:\d\d/);
  expect(memory).toContain("budget 5.2 GiB");
  await page.close();
});

test("an alarm that is raised comes first, with its sentence", async () => {
  const { page } = await shown();
  // It is raised 20 s after Prometheus has started.
  await page.waitForTimeout(25_000);
  await page.reload();
  await page.waitForFunction(drawn);
  const alarms = page.getByRole("region", { name: "Alarms" }).getByRole("listitem");
  expect(await alarms.allTextContents()).toEqual([
    expect.stringMatching(
      new RegExp(
        `^critical: QueueWithoutConsumer since \\d\\d:\\d\\d\\. No process serves ${UNSERVED}: its jobs wait\\.$`,
      ),
    ),
  ]);
  expect(await page.title()).toMatch(/^1 alarm · /);
  await page.close();
});

test.each([
  [390, "light"],
  [390, "dark"],
  [1100, "light"],
  [1100, "dark"],
] as const)(
  "at %d pixels, %s: nothing is wider than the screen, and every text can be read",
  async (width, colorScheme) => {
    const { page } = await shown({ width, colorScheme });
    await pictured(page, `${width}-${colorScheme}`);
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(width);
    const texts = await page.evaluate(textContrasts);
    expect(texts.length).toBeGreaterThan(100);
    expect(texts.filter(({ contrast }) => contrast < 4.5)).toEqual([]);
    const paper = await page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    expect(paper).toBe(colorScheme === "light" ? "rgb(255, 255, 255)" : "rgb(18, 22, 27)");
    await page.close();
  },
);

test("curves are told apart without color: each of a picture has another stroke, and its name next to it", async () => {
  const { page } = await shown();
  const legends = await page
    .locator(".legend")
    .evaluateAll((found) =>
      found.map((legend) =>
        [...legend.querySelectorAll("line")].map((line) => line.getAttribute("stroke-dasharray")),
      ),
    );
  expect(legends.length).toBeGreaterThan(20);
  for (const strokes of legends) expect(new Set(strokes).size).toBe(strokes.length);
  if (process.env.SCREENSHOTS) {
    const session = await page.context().newCDPSession(page);
    await session.send("Emulation.setEmulatedVisionDeficiency", { type: "achromatopsia" });
    await pictured(page, "1100-grey");
  }
  await page.close();
});

test("a finger or the mouse on one curve shows that time's values on all of them", async () => {
  const { page } = await shown();
  const picture = card(page, "push").getByRole("img").first();
  const box = await picture.boundingBox();
  if (!box) throw new Error("no picture");
  await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
  const at = /at (\d\d:\d\d)/;
  const [, time] = at.exec(await words(page, "push")) ?? [];
  expect(time).toMatch(/^\d\d:\d\d$/);
  expect(await words(page, "Web requests")).toContain(`at ${time}`);
  await page.mouse.move(0, 0);
  expect(await words(page, "Web requests")).not.toMatch(at);
  await page.close();
});

test("a Prometheus that has measured nothing is not calm", async () => {
  const empty = await Served.start(false);
  try {
    const { page } = await opened({ at: empty });
    await page.waitForFunction(() => /No measurement/.test(document.body.textContent ?? ""));
    expect(await page.getByRole("status").textContent()).toContain("No measurement");
    expect(await page.locator("canvas").count()).toBe(0);
    await pictured(page, "empty");
    await page.close();
  } finally {
    empty.stop();
  }
}, 120_000);

test("a Prometheus that ends: the curves stay, and the page says how old they are", async () => {
  const { page } = await shown();
  await served.stopPrometheus();
  try {
    await page.evaluate(() => document.dispatchEvent(new Event("visibilitychange")));
    await page.waitForFunction(() => /No measurement since/.test(document.body.textContent ?? ""));
    expect(await page.getByRole("status").textContent()).toMatch(
      /^No measurement since \d\d:\d\d: what is shown is that old\. now: 502$/,
    );
    expect(await page.getByRole("region", { name: "Alarms" }).textContent()).toBe(
      "Whether alarms are raised is not known.",
    );
    expect(await page.locator("canvas").count()).toBeGreaterThan(20);
  } finally {
    await served.startPrometheus();
  }
  await page.close();
});
