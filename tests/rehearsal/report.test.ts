/** The verdict of a rehearsal. */
import { Report } from "../../rehearsal/report";
import { until } from "../../tools/until";

let report: Report;
beforeEach(() => {
  jest.spyOn(process.stdout, "write").mockReturnValue(true);
  report = new Report();
  report.begin("works");
});
afterEach(() => jest.restoreAllMocks());

test("a check that throws fails with its reason, and the next one still runs", async () => {
  const failed = await report.check("mail is sent", async () => {
    throw new Error("no mail");
  });
  const passed = await report.check("a post arrives", async () => "0.1 s");
  expect([failed, passed]).toEqual([false, true]);
  expect(report.checks.map(({ promise, failure, figure }) => ({ promise, failure, figure }))).toEqual([
    { promise: "mail is sent", failure: "no mail", figure: undefined },
    { promise: "a post arrives", failure: undefined, figure: "0.1 s" },
  ]);
  expect(report.closing()).toBe("1 passed, 1 failed");
});

test("the page keeps every line of a failure in its cell", async () => {
  await report.check("ports | closed", async () => {
    throw new Error("open: 22\nshould be: none");
  });
  expect(report.markdown("Rehearsal of prod").split("\n")[6]).toMatch(
    /^\| works \| ports \\\| closed \| ✗ open: 22<br>should be: none \| {2}\| \d\.\d \|$/,
  );
});

test("the page begins with the verdict, and with the minutes of each step", async () => {
  await report.check("a post arrives", async () => undefined);
  report.begin("closed");
  await report.check("ports", async () => undefined);
  const [first, second] = report.checks;
  if (first) first.seconds = 90;
  if (second) second.seconds = 30;
  expect(report.markdown("Rehearsal of prod").split("\n").slice(0, 3)).toEqual([
    "# Rehearsal of prod",
    "",
    "2 passed, 0 failed. Minutes: works 1.5, closed 0.5, all 2.0.",
  ]);
});

test("waiting ends with what was waited for", async () => {
  await expect(until("HTTPS", 0, async () => false)).rejects.toThrow("waited 0 s for HTTPS");
});
