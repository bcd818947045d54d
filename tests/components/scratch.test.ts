import { prod, described, custom } from "./stacks";
test("x", async () => {
  const t = Date.now();
  const r = await prod();
  console.log(Date.now() - t, r.warnings, r.outputs);
  console.log(JSON.stringify(custom(r).map((x) => ({...described(x), dependsOn: x.options.dependsOn.map(u=>u.split("::").at(-1))})), (k, v) => (typeof v === "string" && v.length > 200 ? v.slice(0, 100) + "…" : v), 1));
});
