/** What follows where a service is added to a role: nothing but the list knows of it. */
import { spawnSync } from "node:child_process";
import { tailnetPolicy } from "../../components/tailnetPolicy";
import { sizeWorker } from "../../fleet/sizing/sizing";
import { servicesTable } from "../../generate/servicesTable";
import { workerHost } from "../../machines/hosts";
import { makePlan } from "../../plan/plan";
import { planText } from "../../plan/text";
import { publicPorts } from "../../services/service";
import { readExample } from "../../settings/stackFile/examples";
import { fileOf, workerInputs } from "../support/fixtures";

jest.mock("../../services/roles", () => {
  const { exporter } = jest.requireActual("./exporter");
  const roles = jest.requireActual("../../services/roles");
  return { ...roles, workerServices: [...roles.workerServices, exporter] };
});

const { workerServices } = jest.requireMock("../../services/roles");
const bundle = workerHost(workerInputs());

test("its package and its file are on the machine", () => {
  expect(bundle.packages).toContain("prometheus-node-exporter");
  expect(fileOf(bundle, "/etc/default/prometheus-node-exporter").content).toContain(":9999");
});

test("the machine's firewall lets its port through from the tailnet, DigitalOcean's does not", () => {
  expect(fileOf(bundle, "/etc/mastodon-host/firewall.d/role.nft").content).toBe(
    "add element inet mastodon public_udp { 41641 }\nadd element inet mastodon tailnet_tcp { 22, 9999 }\n",
  );
  expect(publicPorts(workerServices)).toEqual([{ port: 41641, protocol: "udp", from: "internet" }]);
});

test("the tailnet grants it to main, and its own tests ask for it", () => {
  const tags = { main: "tag:main", worker: "tag:worker", deploy: "tag:deploy" };
  const { acls, tests } = tailnetPolicy(tags, ["autogroup:admin"], { main: { watch: true } });
  expect(acls).toContainEqual({
    action: "accept",
    proto: "tcp",
    src: ["tag:main"],
    dst: ["tag:worker:9999"],
  });
  expect(tests.find(({ src }) => src === "tag:main")?.accept).toEqual(["tag:worker:9999"]);
});

test("its memory is in the budget", () => {
  const sidekiq = [{ queues: ["default"] as const, threads: 5, replicas: 1 }];
  expect(sizeWorker({ memoryMiB: 4096, vcpus: 2, sidekiq }).memory).toContainEqual({
    item: "pretend exporter",
    mib: 32,
  });
});

test("a worker is ready once it answers, in a script that is still shell", () => {
  const { content } = fileOf(bundle, "/usr/local/sbin/mastodon-ready");
  expect(content).toContain("the pretend exporter on 9999");
  expect(spawnSync("bash", ["-n"], { input: content }).status).toBe(0);
});

test("the plan lists it on every worker, and the docs' table has a line", async () => {
  const { plan } = await makePlan(readExample("prod"), require("../.."));
  expect(planText(plan)).toContain("    pretend exporter on 9999\n");
  expect(servicesTable()).toContain(
    "| pretend exporter | workers | `prometheus-node-exporter` | 9999 from main | the pretend exporter on 9999 |",
  );
});
