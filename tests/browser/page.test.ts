/** plan.html as people see it: in a real browser, wide and narrow, light and dark. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Browser, Page } from "playwright-core";
import program from "../..";
import { memoryBudgets, usd } from "../../plan/figures";
import { planPage } from "../../plan/page";
import { makePlan } from "../../plan/plan";
import type { Plan } from "../../plan/schema";
import { readExample } from "../../settings/stackFile/examples";
import { launched } from "./chromium";
import { textContrasts } from "./contrast";

let browser: Browser;
let folder: string;
const plans: Record<string, Plan> = {};
beforeAll(async () => {
  browser = await launched();
  folder = mkdtempSync(join(tmpdir(), "plan-page-"));
  for (const stack of ["prod", "staging"] as const) {
    const { plan } = await makePlan(readExample(stack), program);
    plans[stack] = plan;
    writeFileSync(join(folder, `${stack}.html`), planPage(plan));
  }
  const [main, pool] = plans.prod?.hosts ?? [];
  if (!plans.prod || !main || !pool) throw new Error("prod has a pool of workers");
  const pools = Array.from({ length: 12 }, (_, i) => ({ ...pool, name: `workers-pool-${i}` }));
  writeFileSync(join(folder, "pools.html"), planPage({ ...plans.prod, hosts: [main, ...pools] }));
});
afterAll(async () => {
  await browser?.close();
  if (folder) rmSync(folder, { recursive: true, force: true });
});

interface Look {
  /** `pools` is prod with twelve pools. */
  stack?: "prod" | "staging" | "pools";
  width?: number;
  colorScheme?: "light" | "dark";
  grey?: boolean;
}

/** The page with all of its details open, and every address that was asked for. */
async function opened({ stack = "prod", width = 1100, colorScheme = "light", grey = false }: Look) {
  const page = await browser.newPage({ viewport: { width, height: 900 }, colorScheme });
  const requests: string[] = [];
  page.on("request", (request) => requests.push(request.url()));
  const url = pathToFileURL(join(folder, `${stack}.html`)).href;
  await page.goto(url);
  for (const summary of await page.locator("summary").all()) await summary.click();
  if (process.env.SCREENSHOTS) {
    // By the protocol: the page's own policy takes no further style.
    if (grey) {
      const session = await page.context().newCDPSession(page);
      await session.send("Emulation.setEmulatedVisionDeficiency", { type: "achromatopsia" });
    }
    const name = [stack, width, colorScheme, ...(grey ? ["grey"] : [])].join("-");
    await page.screenshot({ path: join(process.env.SCREENSHOTS, `${name}.png`), fullPage: true });
  }
  return { page, requests, url };
}

const plan = (stack: string): Plan => plans[stack] as Plan;

test("headings, tables and pictures are found by their roles", async () => {
  const { page } = await opened({});
  const heading = (name: string, level: number) => page.getByRole("heading", { name, level, exact: true });
  expect(await heading("Plan of prod", 1).count()).toBe(1);
  for (const name of ["Topology", "Queues", "Budgets", "Price per month", "Machines", "Resources"])
    expect({ name, count: await heading(name, 2).count() }).toEqual({ name, count: 1 });

  const table = page.getByRole("table", { name: "Queues" });
  expect(await table.getByRole("columnheader").allTextContents()).toEqual([
    "queue",
    "jobs/s",
    "can do",
    "used",
    "a job takes",
    "empty after 2 h down",
  ]);
  for (const { queue } of plan("prod").capacity.queues)
    expect(await table.getByRole("rowheader", { name: queue, exact: true }).count()).toBe(1);
  expect(await table.getByRole("row", { name: /^ingress 7\.7 103\.7 7 % 0\.17 s 26 min$/ }).count()).toBe(1);

  const pictures = page.getByRole("img");
  expect(await pictures.count()).toBe(7 + 3);
  expect(
    await page
      .getByRole("img", {
        name: "Jobs of ingress that wait: 54,524 at the end of the outage, empty 26 min after it",
      })
      .count(),
  ).toBe(1);
  const [memory] = memoryBudgets(plan("prod"));
  expect(await page.getByRole("img", { name: `Memory: main ${memory?.words}; ` }).count()).toBe(1);
  expect(await page.getByRole("region", { name: "DigitalOcean, worker account" }).textContent()).toContain(
    "2 × workers-general",
  );
  await page.close();
});

test("warnings come before everything else, at the top of the first screen of a phone", async () => {
  const { page } = await opened({ stack: "staging", width: 360 });
  const { warnings } = plan("staging");
  const section = page.getByRole("region", { name: `${warnings.length} warnings`, exact: true });
  expect(await section.getByRole("listitem").allTextContents()).toEqual(
    warnings.map((text) => text.replaceAll("`", "")),
  );
  const top = async (of: ReturnType<Page["getByRole"]>) => (await of.boundingBox())?.y ?? Number.NaN;
  expect(await top(section)).toBeLessThan(450);
  expect(await top(section)).toBeLessThan(await top(page.getByRole("heading", { name: "Topology" })));
  await page.close();
});

test("what is left to do comes before the pictures, and the total stands apart from what it sums up", async () => {
  const { page } = await opened({});
  const top = async (of: ReturnType<Page["getByRole"]>) => (await of.boundingBox())?.y ?? Number.NaN;
  const { toSetBeforeUp } = plan("prod");
  const todo = Object.values(toSetBeforeUp).flat().length;
  expect(await top(page.getByText(`To do before up: ${todo}`))).toBeLessThan(
    await top(page.getByRole("heading", { name: "Topology" })),
  );
  const price = page.getByRole("table", { name: "Price per month" });
  expect(await price.locator("tfoot tr").allTextContents()).toEqual([
    `total${usd(plan("prod").price.totalUsd)}`,
  ]);
  await page.close();
});

test("the topology begins with people and names administrators, however many pools there are", async () => {
  const { page } = await opened({ stack: "pools" });
  const box = async (name: string) => {
    const found = await page.getByRole("region", { name, exact: true }).boundingBox();
    if (!found) throw new Error(`${name} is not on the page`);
    return found;
  };
  const [people, main, admins] = [
    await box("People and other servers"),
    await box("DigitalOcean, main account"),
    await box("Administrators"),
  ];
  expect(Math.abs(people.y - main.y)).toBeLessThan(2);
  expect(admins.x).toBe(people.x);
  await page.close();
});

test("nothing is asked for but the page itself, and its policy forbids everything else", async () => {
  const { page, requests, url } = await opened({});
  await page.waitForLoadState("networkidle");
  expect(requests).toEqual([url]);
  const loaded = await page.evaluate(
    () =>
      new Promise((resolve) => {
        const image = document.createElement("img");
        image.onload = () => resolve("loaded");
        image.onerror = () => resolve("refused");
        image.src = "data:image/gif;base64,R0lGODlhAQABAAAAACw=";
        document.body.append(image);
      }),
  );
  expect(loaded).toBe("refused");
  expect(await page.locator("script").count()).toBe(0);
  await page.close();
});

test.each(["prod", "staging"] as const)(
  "%s fits a phone of 360 pixels, and what its pictures say is readable there",
  async (stack) => {
    const { page } = await opened({ stack, width: 360 });
    const { wide, small, outside } = await page.evaluate(() => {
      const drawn = (text: Element) => {
        const svg = text.closest("svg") as SVGSVGElement;
        const scale = svg.getBoundingClientRect().width / svg.viewBox.baseVal.width;
        return Number.parseFloat(getComputedStyle(text).fontSize) * scale;
      };
      const texts = [...document.querySelectorAll("svg text")];
      return {
        wide: document.documentElement.scrollWidth,
        small: Math.min(...texts.map(drawn)),
        // Cut off at the picture's edge.
        outside: texts
          .filter((text) => {
            const [inner, outer] = [text, text.closest("svg") as Element].map((one) =>
              one.getBoundingClientRect(),
            );
            return (
              inner &&
              outer &&
              (inner.left < outer.left - 1 || inner.right > outer.right + 1 || inner.top < outer.top - 1)
            );
          })
          .map(({ textContent }) => textContent),
      };
    });
    expect(wide).toBe(360);
    expect(small).toBeGreaterThan(11);
    expect(outside).toEqual([]);
    await page.close();
  },
);

test.each(["light", "dark"] as const)(
  "in the %s scheme every text has the contrast of WCAG AA",
  async (colorScheme) => {
    const { page } = await opened({ stack: "staging", colorScheme });
    const texts = await page.evaluate(textContrasts);
    expect(texts.length).toBeGreaterThan(150);
    expect(texts.filter(({ contrast }) => contrast < 4.5)).toEqual([]);
    const paper = await page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    expect(paper).toBe(colorScheme === "light" ? "rgb(255, 255, 255)" : "rgb(18, 22, 27)");
    await page.close();
  },
);

test("curves and limits are told apart without colour: one curve a picture, and words at the outage, the limit and the peak", async () => {
  const { page } = await opened({ grey: true });
  for (const { queue } of plan("prod").capacity.queues) {
    const picture = page.getByRole("img", { name: `Jobs of ${queue} that wait:` });
    const texts = await picture.locator("text").allTextContents();
    expect(texts).toEqual(expect.arrayContaining(["outage", "limit"]));
    expect(await picture.locator('path[fill="none"][stroke="var(--accent)"]').count()).toBe(1);
  }
  await page.close();
});
