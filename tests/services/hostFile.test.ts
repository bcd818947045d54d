import { hostFile } from "../../services/hostFile";

describe("hostFile", () => {
  const path = "upkeep/upgrade-window.conf";

  test("fills every placeholder", () => {
    expect(hostFile(path, { TIME: "04:00" })).toContain("OnCalendar=*-*-* 04:00 UTC\n");
  });

  test("a placeholder without a value is a slip", () => {
    expect(() => hostFile(path)).toThrow(`services/${path}: no value for @@TIME@@`);
  });

  test("a value without a placeholder is a slip", () => {
    expect(() => hostFile(path, { TIME: "04:00", TIEM: 1 })).toThrow("no placeholder for TIEM");
  });

  test("a $ in a value stays a $", () => {
    expect(hostFile(path, { TIME: "$&$1$$" })).toContain("*-*-* $&$1$$ UTC");
  });
});
