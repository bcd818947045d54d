/** A boot's parts, from a journal as systemd writes it. */
import { bootTime, breakdown, moments } from "../../lab/bootTimes";

const JOURNAL = `
[  101.000000] vm systemd[1]: Starting cloud-init-local.service - Cloud-init: Local Stage (pre-network)...
[  102.500000] vm cloud-init[93]: Cloud-init v. 25.1.4 running 'init-local' at Tue, 24 Nov 2026 12:41:33 +0000. Up 102.41 seconds.
[  103.000000] worker cloud-init[93]: Cloud-init v. 25.1.4 running 'init' at Tue, 24 Nov 2026 12:41:35 +0000. Up 103 seconds.
[  103.250000] worker cloud-init[93]: Cloud-init v. 25.1.4 running 'modules:config' at Tue, 24 Nov 2026 12:41:36 +0000. Up 1
[  104.000000] worker cloud-init[93]: host-bundle: 35 files, 35 changed, 0 removed
[  105.000000] worker cloud-init[93]: host-apply: 40-tailnet
[  105.500000] worker tailscaled[405]: Switching ipn state NoState -> NeedsLogin (WantRunning=false, nm=false)
[  107.000000] worker tailscaled[405]: Switching ipn state Starting -> Running (WantRunning=true, nm=true)
[  107.000001] worker cloud-init[93]: host-apply: 45-docker
[  109.000000] worker cloud-init[93]: host-apply: 50-worker
[  111.500000] worker mastodon-worker[723]: 2 Sidekiq processes of v4.7.3 run against main at 100.64.0.4
[  120.000000] worker tailscaled[405]: Switching ipn state Starting -> Running (WantRunning=true, nm=true)
`;

test("each part takes from the end of the one before it to the first word of its own end", () => {
  expect(breakdown(101, [...moments(JOURNAL), { name: "first job", at: 114 }])).toBe(
    "13.0 s: systemd 1.5, cloud-init before the network 0.5, network, files 0.3, cloud-init's modules 0.8, steps before the tailnet 1.0, joining the tailnet 2.0, Docker 2.0, containers 2.5, first job 2.5",
  );
});

test("a boot that did not get so far is an error that says how far it got", () => {
  const cut = JOURNAL.slice(0, JOURNAL.indexOf("[  107.000000]"));
  expect(() => moments(cut)).toThrow("the journal does not say when this is over: joining the tailnet");
});

test("what the machine takes is apart from what Mastodon takes on it", () => {
  const { machine, mastodon, text } = bootTime(JOURNAL, 101, 124);
  expect([machine, mastodon]).toEqual([10.5, 12.5]);
  expect(text).toMatch(/^23\.0 s: systemd 1\.5, .*, containers 2\.5, Mastodon and its first job 12\.5$/);
});
