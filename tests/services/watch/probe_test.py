"""The probe's logic against doubles of what it asks. Run by probe.test.ts; the arguments are the probe's path and facts.py's folder."""
import importlib.machinery
import importlib.util
import json
import os
import socket
import sys
import tempfile
import threading
import unittest

probe_path, facts_folder = sys.argv.pop(1), sys.argv.pop(1)
sys.path.insert(0, facts_folder)
loader = importlib.machinery.SourceFileLoader("probe", probe_path)
probe = importlib.util.module_from_spec(importlib.util.spec_from_loader("probe", loader))
loader.exec_module(probe)

NOW = 1_800_000_000.0
PLAN = {
    "queues": {"default": {"target": 60, "processes": 2}, "scheduler": {"target": 300, "processes": 1}},
    "pools": {"general": 2},
    "machines": {"main": 1, "general": 1},
    "look": 259_200,
}
HERE = socket.gethostname()


class FakeRedis:
    """Answers as Redis would, from one dictionary: key -> value, hash, list or set."""

    def __init__(self, data):
        self.data, self.closed = data, False

    def close(self):
        self.closed = True

    def ask(self, *commands):
        return [getattr(self, command[0].lower())(*command[1:]) for command in commands]

    def get(self, key):
        return self.data.get(key)

    def set(self, key, value, *_):
        self.data[key] = value

    def exists(self, key):
        return int(key in self.data)

    def llen(self, key):
        return len(self.data.get(key, []))

    def lindex(self, key, at):
        return self.data[key][at] if self.data.get(key) else None

    def zcard(self, key):
        return self.data.get(key, 0)

    def smembers(self, key):
        return self.data.get(key, [])

    def hget(self, key, field):
        return self.data.get(key, {}).get(field)

    def hmget(self, key, *fields):
        return [self.data.get(key, {}).get(field) for field in fields]

    def pfcount(self, *keys):
        return len(set().union(*(self.data.get(key, set()) for key in keys)))

    def memory(self, _usage, key):
        return self.data.get(key)

    def ttl(self, key):
        return self.data.get(key, {}).get("ttl", -2)

    def info(self, section):
        if section == "stats":
            return "# Stats\r\ntotal_commands_processed:9\r\ntotal_reads_processed:7\r\n"
        return "# Memory\r\nused_memory:500\r\nmaxmemory:1000\r\nused_memory_human:1M\r\n"


def process(host, queues, tag="v4.7.3", ttl=58, threads=5, quiet="false", rtt=None):
    # As Sidekiq 8.1.7 writes it.
    info = {"hostname": host, "started_at": NOW, "pid": 7, "tag": tag, "queues": queues, "labels": [], "version": "8.1.7"}
    return {"info": json.dumps(info), "concurrency": str(threads), "quiet": quiet, "ttl": ttl, "rtt_us": rtt}


def world(**changes):
    return {
        "queue:default": [json.dumps({"enqueued_at": int(NOW * 1000) - 5_000}), json.dumps({"enqueued_at": int(NOW * 1000) - 90_000})],
        "processes": ["a", "b", "c"],
        "a": process(HERE, ["scheduler", "default"]),
        "b": process("w1", ["default"]),
        "c": process("w2", ["default"], tag="v4.7.2"),
        "mastodon-hosting:worker:w1": json.dumps({"pool": "general", "facts": {"relayed": 1, "disks": {"/": {"bytes": 10, "free_bytes": 4}}}}),
        "mastodon-hosting:worker:w2": json.dumps({"pool": "general", "facts": {"relayed": 0}}),
        "mastodon-hosting:release": {"version": "v4.7.3"},
        "retry": 3, "schedule": 2, "dead": 1, "stat:processed": "100", "stat:failed": "7",
        **changes,
    }


class QueuesTest(unittest.TestCase):
    def setUp(self):
        self.redis = None
        self.queues = probe.Queues(PLAN, lambda: self.redis)

    def measured(self, data, now=NOW):
        self.redis = FakeRedis(data)
        metrics = probe.Metrics()
        self.queues.measure(metrics, now)
        self.assertTrue(self.redis.closed)
        return dict(line.rsplit(" ", 1) for line in metrics.text().splitlines())

    def test_backlog_and_the_age_of_the_oldest_job(self):
        found = self.measured(world())
        self.assertEqual(found['mastodon_queue_backlog{queue="default"}'], "2")
        self.assertEqual(float(found['mastodon_queue_latency_seconds{queue="default"}']), 90)
        self.assertEqual(found['mastodon_queue_backlog{queue="scheduler"}'], "0")
        self.assertEqual(found['mastodon_queue_latency_seconds{queue="scheduler"}'], "0")

    def test_seconds_of_an_older_sidekiq(self):
        found = self.measured(world(**{"queue:default": [json.dumps({"enqueued_at": NOW - 12.5})]}))
        self.assertEqual(float(found['mastodon_queue_latency_seconds{queue="default"}']), 12.5)

    def test_processes_count_while_their_heart_beats(self):
        found = self.measured(world())
        self.assertEqual(found['mastodon_queue_processes{queue="default"}'], "3")
        self.assertEqual(found['mastodon_queue_processes{queue="scheduler"}'], "1")
        self.assertEqual(found['mastodon_queue_threads{queue="default"}'], "15")
        # 36 s since the last beat, and one whose key is gone although the set still names it.
        found = self.measured(world(a=process(HERE, ["scheduler"], ttl=24), b={}))
        self.assertEqual(found['mastodon_queue_processes{queue="default"}'], "1")
        self.assertEqual(found['mastodon_queue_processes{queue="scheduler"}'], "0")
        self.assertEqual(found['mastodon_queue_processes_planned{queue="scheduler"}'], "1")
        # One that was told to take no more.
        found = self.measured(world(a=process(HERE, ["scheduler"], quiet="true")))
        self.assertEqual(found['mastodon_queue_processes{queue="scheduler"}'], "0")

    def test_jobs_and_memory(self):
        found = self.measured(world())
        self.assertEqual([found[f'mastodon_jobs{{state="{state}"}}'] for state in ("retry", "schedule", "dead")], ["3", "2", "1"])
        self.assertEqual(found['mastodon_jobs_total{result="failed"}'], "7")
        self.assertEqual((found["mastodon_redis_memory_bytes"], found["mastodon_redis_memory_limit_bytes"]), ("500", "1000"))

    def test_another_release_is_told_by_machine(self):
        found = self.measured(world())
        self.assertEqual(found['mastodon_machine_other_release{machine="w2",pool="general"}'], "1")
        self.assertEqual(found['mastodon_machine_other_release{machine="w1",pool="general"}'], "0")
        # While none is published, none is another.
        found = self.measured(world(**{"mastodon-hosting:release": {}}))
        self.assertFalse([name for name in found if "other_release" in name])

    def test_a_worker_that_is_gone_is_missed_and_one_that_leaves_is_not(self):
        self.assertEqual(self.measured(world())['mastodon_pool_machines{pool="general"}'], "2")
        gone = world()
        for key in ("c", "mastodon-hosting:worker:w2"):
            del gone[key]
        found = self.measured(gone, NOW + 60)
        self.assertEqual(found['mastodon_pool_machines{pool="general"}'], "1")
        self.assertEqual(found['mastodon_pool_machines_planned{pool="general"}'], "2")
        self.assertEqual(found["mastodon_machines_leaving"], "0")
        self.assertEqual(self.measured(gone | {"mastodon-hosting:leaving:w2": "1"}, NOW + 75)["mastodon_machines_leaving"], "1")
        # Replaced machines have other names: after an hour nobody asks for the old one.
        self.assertIn("w2", self.queues.known)
        self.measured(gone, NOW + 75 + 3601)
        self.assertNotIn("w2", self.queues.known)
        self.assertIn("w1", self.queues.known)
        # Back: its lease counts, whatever it said when it left.
        self.assertEqual(self.measured(world(**{"mastodon-hosting:leaving:w2": "1"}))["mastodon_machines_leaving"], "0")

    def test_what_a_worker_says_of_itself_is_passed_on_and_checked(self):
        found = self.measured(world())
        self.assertEqual(found['mastodon_machine_relayed{machine="w1",pool="general"}'], "1")
        self.assertEqual(found['mastodon_machine_disk_free_bytes{mount="/",machine="w1",pool="general"}'], "4")
        odd = json.dumps({"pool": "general", "facts": {"Bad Name": 1, "fine": 2}})
        found = self.measured(world(**{"mastodon-hosting:worker:w1": odd}))
        self.assertEqual([name for name in found if "w1" in name and "fine" in name], ['mastodon_machine_fine{machine="w1",pool="general"}'])
        self.assertNotIn("Bad", "".join(found))

    def test_nonsense_of_one_worker_costs_only_its_own_measurements(self):
        for facts in ({"fine": "x\n"}, {"fine": float("nan")}, {"disks": {"/": 1}}, {}, [1], None):
            found = self.measured(world(**{"mastodon-hosting:worker:w1": json.dumps({"pool": "general", "facts": facts})}))
            self.assertEqual((found['mastodon_source_up{source="w1"}'], found['mastodon_source_up{source="w2"}']), ("0", "1"))
            self.assertEqual(found['mastodon_pool_machines{pool="general"}'], "2")
            self.assertFalse([name for name in found if "fine" in name])
        found = self.measured(world(**{"mastodon-hosting:worker:w1": "no JSON"}))
        self.assertEqual(found['mastodon_source_up{source="w1"}'], "0")

    def test_the_oldest_job_of_a_queue_is_a_sample_of_its_size_once(self):
        one, other = json.dumps({"enqueued_at": 1, "args": []}), json.dumps({"enqueued_at": 2, "args": ["é" * 100]})
        for job in (one, one, other, None):
            found = self.measured(world(**{"queue:default": [job] if job else []}))
        self.assertEqual(found['mastodon_queue_sampled_jobs_total{queue="default"}'], "2")
        self.assertEqual(found['mastodon_queue_sampled_bytes_total{queue="default"}'], str(len(one) + len(other)))

    def test_the_shortest_ping_of_a_machine(self):
        found = self.measured(world(a=process(HERE, ["scheduler"]), b=process("w1", ["default"], rtt="4100"), c=process("w1", ["push"], rtt="900")))
        self.assertEqual(found['mastodon_machine_ping_seconds{machine="w1",pool="general"}'], "0.0009")
        self.assertFalse([name for name in found if "ping" in name and HERE in name])

    def test_what_workers_did_adds_up_by_pool_whichever_of_them_is_gone(self):
        def told(machine, jobs, cpu):
            work = {"sidekiq-default-1": {"cpu": cpu, "jobs": {"default": [jobs, jobs / 10], "other": [1, 1]}}, "tailscaled": {"cpu": 1.5}}
            return {f"mastodon-hosting:worker:{machine}": json.dumps({"pool": "general", "facts": {"fine": 1}, "work": work})}

        def counted(**changes):
            self.measured(world(**changes))
            metrics = probe.Metrics()
            self.queues.totals.put(metrics)
            found = dict(line.rsplit(" ", 1) for line in metrics.text().splitlines())
            labels = 'pool="general",service="sidekiq-default-1"'
            self.assertFalse([name for name in found if "other" in name])
            return [float(found[f"mastodon_pool_{name}"]) for name in (
                f'jobs_total{{{labels},queue="default"}}', f'job_seconds_total{{{labels},queue="default"}}', f"cpu_seconds_total{{{labels}}}")]

        # What was there before is not new.
        self.assertEqual(counted(**told("w1", 1000, 50), **told("w2", 500, 25)), [0, 0, 0])
        self.assertEqual(counted(**told("w1", 1010, 51), **told("w2", 520, 26)), [30, 3, 2])
        # One begins anew, the other is gone.
        self.assertEqual(counted(**told("w1", 5, 0.5)), [35, 3.5, 2.5])
        self.assertEqual(counted(**told("w1", 6, 0.6)), [36, 3.6, 2.6])

    def test_nonsense_about_work_is_not_counted_and_costs_nothing_else(self):
        for work in ({"a b": {"cpu": 1}}, {"web": {"cpu": "x"}}, {"web": {"cpu": 1e999}}, {"web": {"cpu": 1, "jobs": {"default": [1]}}}, [1], 5, None):
            for _ in range(2):
                told = json.dumps({"pool": "general", "facts": {"fine": 1}, "work": work})
                found = self.measured(world(**{"mastodon-hosting:worker:w1": told}))
            self.assertEqual(found['mastodon_source_up{source="w1"}'], "1")
            self.assertEqual(self.queues.totals.sums, {})

    def test_a_worker_that_names_ever_more_services_costs_a_bounded_number_of_series(self):
        for turn in range(100):
            self.queues.totals.take("w1", "general", {f"s{turn}-{i}": {"cpu": 1} for i in range(100)})
        self.assertEqual((len(self.queues.totals.sums), len(self.queues.totals.last["w1"])), (1000, 1000))

    def test_labels_cannot_break_a_line(self):
        metrics = probe.Metrics()
        metrics.put("x", 1, unit='a"b\nc\\\x07é')
        self.assertEqual(metrics.text(), 'mastodon_x{unit="a\\"b?c\\\\??"} 1\n')
        with self.assertRaises(ValueError):
            metrics.put("x", float("nan"))


class PortsTest(unittest.TestCase):
    OWN = {"addresses": ["192.0.2.7"], "ports": [80, 443], "booted": 1000.0}

    def setUp(self):
        self.replaced = probe.outside
        probe.outside = lambda: self.OWN
        self.addCleanup(setattr, probe, "outside", self.replaced)

    def measured(self, looks, plan=PLAN, **said):
        said = said or {"w1": {"addresses": ["192.0.2.8", "2001:db8::8"], "ports": [], "booted": 2000.0}}
        self.data = {probe.LOOKS_KEY: {address: json.dumps(look) for address, look in looks.items()}, **{
            f"mastodon-hosting:worker:{name}": json.dumps({"pool": "general", "outside": one}) for name, one in said.items()}}
        metrics = probe.Metrics()
        ports = probe.Ports(plan, lambda: {HERE: 1, "w1": 1, "w2": 1}, lambda: FakeRedis(self.data))
        ports.measure(metrics)
        return dict(line.rsplit(" ", 1) for line in metrics.text().splitlines())

    @staticmethod
    def labels(machine, address, pool="general"):
        return f'machine="{machine}",pool="{pool}",address="{address}"'

    def test_when_each_address_was_looked_at_and_what_was_open(self):
        found = self.measured({
            "192.0.2.7": {"at": 5000.5, "open": [5432, 6379], "count": 2}, "192.0.2.8": {"at": 6000, "open": [], "count": 0},
            "192.0.2.99": {"at": 7000, "open": [22], "count": 1}})
        main, worker = self.labels(HERE, "192.0.2.7", "main"), self.labels("w1", "192.0.2.8")
        self.assertEqual(found, {
            "mastodon_port_look_target_seconds": "259200",
            f"mastodon_port_look_timestamp_seconds{{{main}}}": "5000.5",
            f"mastodon_port_look_timestamp_seconds{{{worker}}}": "6000.0",
            # Nobody has looked there yet: it counts since it began, and nothing is said of its ports.
            f'mastodon_port_look_timestamp_seconds{{{self.labels("w1", "2001:db8::8")}}}': "2000.0",
            f"mastodon_ports_open{{{main}}}": "2", f"mastodon_ports_open{{{worker}}}": "0",
            f'mastodon_port_open{{port="5432",{main}}}': "1", f'mastodon_port_open{{port="6379",{main}}}': "1",
        })

    def test_workers_learn_where_main_is_for_a_while(self):
        self.measured({})
        self.assertEqual(json.loads(self.data[probe.OUTSIDE_KEY]), self.OWN)

    def test_without_a_worker_there_is_no_outside(self):
        self.assertEqual(self.measured({}, plan={**PLAN, "pools": {}}), {})
        self.assertNotIn(probe.OUTSIDE_KEY, self.data)

    def test_a_worker_whose_addresses_are_not_known_has_not_been_looked_at(self):
        for said, pool, at in (({"addresses": [], "booted": 2000.0}, "general", "2000.0"), ({}, "unknown", "0.0"), ([1], "unknown", "0.0"),
                               ({"addresses": [{}], "booted": 1}, "unknown", "0.0"), ({"addresses": [], "booted": float("nan")}, "unknown", "0.0")):
            found = self.measured({}, w1=said)
            self.assertEqual(found[f'mastodon_port_look_timestamp_seconds{{{self.labels("w1", "unknown", pool)}}}'], at, said)
            self.assertIn(f'mastodon_port_look_timestamp_seconds{{{self.labels(HERE, "192.0.2.7", "main")}}}', found)

    def test_a_look_from_the_future_or_that_is_nonsense_does_not_keep_the_alarm_quiet(self):
        label = f'mastodon_port_look_timestamp_seconds{{{self.labels(HERE, "192.0.2.7", "main")}}}'
        found = self.measured({"192.0.2.7": {"at": 9e12, "open": [], "count": 0}})
        self.assertLessEqual(float(found[label]), probe.time.time())
        for look in ([], {}, {"at": "x", "open": [], "count": 0}, {"at": float("inf"), "open": [], "count": 0}, {"at": 1, "open": ["x"], "count": 0}):
            self.assertEqual(self.measured({"192.0.2.7": look})[label], "1000.0", look)

    def test_the_series_are_bounded(self):
        many = {f"192.0.2.{i}": {"at": 1, "open": list(range(1, 1000)), "count": 999} for i in range(200)}
        found = self.measured(many, **{name: {"addresses": [f"192.0.2.{i}" for i in range(i, i + 50)], "booted": 1.0}
                                       for name, i in (("w1", 10), ("w2", 100))})
        open_ones = [name for name in found if name.startswith("mastodon_port_open{")]
        self.assertEqual((len(open_ones), len(found)), (64, 64 + 1 + 2 * 9))


class RedisTest(unittest.TestCase):
    def test_the_protocol(self):
        server = socket.create_server(("127.0.0.1", 0))
        asked = []

        def serve():
            client, _ = server.accept()
            with client:
                asked.append(client.recv(4096))
                client.sendall(b"+OK\r\n")
                asked.append(client.recv(4096))
                client.sendall(b":3\r\n$5\r\na\r\nbc\r\n$-1\r\n*2\r\n$1\r\nx\r\n:1\r\n-ERR no\r\n")

        threading.Thread(target=serve, daemon=True).start()
        redis = probe.Redis("pass word", server.getsockname()[1])
        self.assertEqual(redis.ask(["LLEN", "q"], ["GET", "k"], ["GET", "none"], ["SMEMBERS", "s"]), [3, "a\r\nbc", None, ["x", 1]])
        self.assertEqual(asked[0], b"*2\r\n$4\r\nAUTH\r\n$9\r\npass word\r\n")
        with self.assertRaisesRegex(OSError, "ERR no"):
            redis.answer()
        redis.close()
        server.close()


class ProbeTest(unittest.TestCase):
    def test_a_source_that_fails_hides_no_other_and_is_told_once(self):
        fails = True

        def broken(metrics):
            metrics.put("half", 1)
            if fails:
                raise OSError("refused")

        said = []
        one = probe.Probe({"good": (lambda metrics: metrics.put("good", 1), 0), "bad": (broken, 0)})
        probe.print = lambda text, **_: said.append(text)
        for now in (0, 15, 30):
            text = one.turn(now).text()
            self.assertIn('mastodon_source_up{source="bad"} 0\n', text)
            self.assertIn("mastodon_good 1\n", text)
            self.assertNotIn("half", text)
        self.assertEqual(said, ["bad: OSError: refused"])
        fails = False
        self.assertIn("mastodon_half 1\n", one.turn(45).text())
        self.assertEqual(said[1:], ["bad: answers again"])

    def test_a_source_is_asked_as_often_as_it_says_and_at_once_after_a_failure(self):
        asked = []

        def measure(metrics):
            asked.append(1)
            if len(asked) == 2:
                raise OSError("no")
            metrics.put("x", len(asked))

        one = probe.Probe({"slow": (measure, 60)})
        probe.print = lambda *_, **__: None
        counts = []
        for now in (0, 15, 60, 75, 90):
            one.turn(now)
            counts.append(len(asked))
        self.assertEqual(counts, [1, 1, 2, 3, 3])


REAL_TIME = probe.time.time
LINE = '{who} - - [29/Nov/2026:13:00:00 +0000] "GET {path} HTTP/2.0" {status} 12 "-" "agent \\x22 x" 0.010 200 0.009 {server}\n'


def line(status, path="/home", server="social.example", who="1.2.3.4"):
    return LINE.format(path=path, status=status, server=server, who=who)


class AccessLogTest(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.path = os.path.join(self.folder.name, "access.log")
        self.write(line(500))
        self.log = probe.AccessLog(self.path, "social.example")
        self.assertEqual(self.counts(), {"2": 0, "5": 0})
        self.addCleanup(lambda: self.log.file.close())

    def write(self, text, mode="a"):
        with open(self.path, mode, encoding="utf-8") as file:
            file.write(text)

    def counts(self):
        self.log.measure(probe.Metrics())
        return {digit: self.log.counts[digit] for digit in "25"}

    def test_only_the_web_interface_counts_from_now_on(self):
        self.write(line(200) + line(502) + line(500, server="media.example") + line(500, path="/api/v1/streaming/user") + "garbage\n")
        self.assertEqual(self.counts(), {"2": 1, "5": 1})
        self.assertEqual(self.counts(), {"2": 1, "5": 1})

    def test_an_address_that_asks_the_api_is_one_person_in_ten_minutes(self):
        probe.time.time = lambda: NOW
        self.addCleanup(setattr, probe.time, "time", REAL_TIME)
        self.write(line(200, "/api/v1/timelines/home") * 3 + line(200, "/api/v2/search", who="2001:db8::1") + line(202, "/inbox", who="5.6.7.8"))
        self.counts()
        self.assertEqual(self.log.people, 2)
        probe.time.time = lambda: NOW + 600
        self.write(line(200, "/api/v1/timelines/home"))
        self.counts()
        self.assertEqual(self.log.people, 3)

    def test_a_line_that_is_half_written(self):
        text = line(503)
        self.write(text[:40])
        self.assertEqual(self.counts()["5"], 0)
        self.write(text[40:])
        self.assertEqual(self.counts()["5"], 1)

    def test_a_rotation_loses_nothing(self):
        self.write(line(200))
        os.rename(self.path, self.path + ".1")
        self.write(line(200) + line(500), "w")
        self.assertEqual(self.counts(), {"2": 2, "5": 1})

    def test_a_flood_is_worked_off_in_turns_and_skipped_beyond_a_bound(self):
        for name in ("LOG_BYTES", "LOG_BEHIND"):
            self.addCleanup(setattr, probe, name, getattr(probe, name))
        probe.LOG_BYTES, probe.LOG_BEHIND = 300, 1500
        self.write(line(200) * 6)
        first = self.counts()["2"]
        self.assertTrue(0 < first < 6)
        for _ in range(6):
            self.counts()
        self.assertEqual(self.counts()["2"], 6)
        self.write(line(200) * 40)
        self.counts()
        self.assertGreater(self.log.skipped, 1500)
        self.assertEqual(self.counts()["2"], 6)


class MachineTest(unittest.TestCase):
    def test_backup(self):
        with tempfile.TemporaryDirectory() as folder:
            probe.STATE = folder
            metrics = probe.Metrics()
            with open(f"{folder}/backup-status.json", "w", encoding="utf-8") as file:
                json.dump({"ok": False, "lastSuccess": "2026-11-29T02:30:00Z"}, file)
            with open(f"{folder}/drill-status.json", "w", encoding="utf-8") as file:
                json.dump({"ok": True, "lastSuccess": "2026-11-29T02:30:00Z"}, file)
            with open(f"{folder}/gap", "w", encoding="utf-8"):
                probe.GAP = f"{folder}/gap"
            probe.backup(metrics, {"database": 93600})
            probe.drill(metrics, 3024000)
            self.assertEqual(
                metrics.text(),
                'mastodon_backup_failed{part="database"} 1\nmastodon_backup_timestamp_seconds{part="database"} 1795919400.0\n'
                'mastodon_backup_target_seconds{part="database"} 93600\nmastodon_backup_gap 1\n'
                "mastodon_drill_failed 0\nmastodon_drill_timestamp_seconds 1795919400.0\nmastodon_drill_target_seconds 3024000\n",
            )

    def test_escrow(self):
        with tempfile.TemporaryDirectory() as folder:
            probe.ESCROW = f"{folder}/escrow"

            def told(state):
                with open(probe.ESCROW, "w", encoding="utf-8") as file:
                    file.write(f"{state}\n")
                metrics = probe.Metrics()
                probe.escrow(metrics)
                return metrics.text()

            # A main that was not told anything does not know.
            self.assertRaises(ValueError, probe.escrow, probe.Metrics())
            self.assertRaises(ValueError, told, "[escrow]")
            self.assertEqual([told("off"), told("current")], ["", "mastodon_escrow_current 1\n"])
            self.assertEqual([told("missing"), told("outdated")], ["mastodon_escrow_current 0\n"] * 2)

    def test_housekeeping(self):
        with tempfile.TemporaryDirectory() as folder:
            probe.STATE = folder

            def measured():
                metrics = probe.Metrics()
                probe.housekeeping(metrics)
                return metrics.text()

            # Before the first night.
            self.assertEqual(measured(), "")
            good = {"ok": True, "lastSuccess": "2026-11-29T02:30:00Z", "count": 12, "bytes": 5242880}
            with open(f"{folder}/housekeeping-status.json", "w", encoding="utf-8") as file:
                json.dump({"media": good, "cards": {"ok": False, "stopped": True}, "orphans": {"ok": False}}, file)
            self.assertEqual(
                measured(),
                'mastodon_housekeeping_failed{part="media"} 0\nmastodon_housekeeping_failed{part="cards"} 0\n'
                'mastodon_housekeeping_failed{part="orphans"} 1\n'
                'mastodon_housekeeping_timestamp_seconds{part="media"} 1795919400.0\n'
                'mastodon_housekeeping_files{part="media"} 12\nmastodon_housekeeping_freed_bytes{part="media"} 5242880\n',
            )

    def test_pgbouncer(self):
        probe.psql = lambda *_: (
            "database,user,cl_active,cl_waiting,cl_active_cancel_req,maxwait\n"
            "mastodon,mastodon,20,3,0,2\npgbouncer,pgbouncer,1,0,0,0\n"
        )
        metrics = probe.Metrics()
        probe.pgbouncer(metrics, "", 100)
        self.assertEqual(
            metrics.text(),
            "mastodon_pgbouncer_clients 20\nmastodon_pgbouncer_waiting 3\nmastodon_pgbouncer_wait_seconds 2\nmastodon_pgbouncer_clients_limit 100\n",
        )

    def test_memory_of_postgres_is_that_of_its_processes_and_once_what_they_share(self):
        with tempfile.TemporaryDirectory() as folder:
            probe.PROCESSES = f"{folder}/*/status"

            def process(pid, text):
                os.makedirs(f"{folder}/{pid}")
                with open(f"{folder}/{pid}/status", "w", encoding="utf-8") as file:
                    file.write(text)

            process(1, "Name:\tsystemd\nRssAnon:\t  9000 kB\nRssShmem:\t  9000 kB\n")
            process(8, "Name:\tpostgres\nState:\tZ (zombie)\n")
            # Unknown, not 0.
            self.assertIsNone(probe.postgres_memory())
            process(2, "Name:\tpostgres\nRssAnon:\t   100 kB\nRssFile:\t  70 kB\nRssShmem:\t  3000 kB\n")
            process(3, "Name:\tpostgres\nRssAnon:\t   200 kB\nRssFile:\t  70 kB\nRssShmem:\t  2000 kB\n")
            self.assertEqual(probe.postgres_memory(), 3300 << 10)

    def test_figures_of_the_model_are_series_too(self):
        metrics = probe.Metrics()
        figures = {"jobsPerSecond": 2.5, "canDo": 10, "jobSeconds": 0.02, "latencySeconds": None, "emptySeconds": None, "course": [[0, 5]], "group": "default"}
        probe.predicted(metrics, {
            "outageHours": 2, "queues": {"push": figures}, "requestsPerSecond": 12.5, "sockets": 300, "cpu": {"main": 0.4, "general": 0.2}})
        self.assertEqual(metrics.text().splitlines(), [
            'mastodon_plan_jobs_per_second{queue="push"} 2.5',
            'mastodon_plan_capacity_jobs_per_second{queue="push"} 10',
            'mastodon_plan_job_cpu_seconds{queue="push",group="default"} 0.02',
            "mastodon_plan_requests_per_second 12.5",
            "mastodon_plan_streaming_clients 300",
            'mastodon_plan_cpu_share{pool="main"} 0.4',
            'mastodon_plan_cpu_share{pool="general"} 0.2',
        ])

    def test_the_budget_of_postgres_is_the_plans(self):
        probe.psql = lambda *_: "12\n100\n0\n"
        metrics = probe.Metrics()
        probe.postgres(metrics, "", 64)
        self.assertIn(f"mastodon_postgres_memory_planned_bytes {64 << 20}\n", metrics.text())

    def test_round_trips_of_both_databases(self):
        probe.psql = lambda *_: "database,total_xact_count,total_query_count\nmastodon,20,300\nother,1,4\npgbouncer,1,9\n"
        metrics = probe.Metrics()
        probe.trips(metrics, "", {"queues": lambda: FakeRedis({}), "cache": lambda: FakeRedis({})})
        self.assertEqual(
            metrics.text(),
            'mastodon_pgbouncer_queries_total 304\nmastodon_redis_reads_total{redis="queues"} 7\nmastodon_redis_reads_total{redis="cache"} 7\n',
        )

    def test_people_of_four_weeks_and_the_database(self):
        probe.time.time = lambda: NOW
        self.addCleanup(setattr, probe.time, "time", REAL_TIME)
        today = int(NOW) // 86400 * 86400
        days = {today: {1, 2, 3, 4}, today - 86400: {5}, today - 28 * 86400: {5, 6}, today - 29 * 86400: {7, 8, 9}}
        probe.psql = lambda *_: "12345\n"
        metrics = probe.Metrics()
        probe.instance(metrics, "", lambda: FakeRedis({f"activity:logins:{day}": people for day, people in days.items()}))
        self.assertEqual(metrics.text(), "mastodon_active_users 2\nmastodon_database_bytes 12345\n")

    def test_feeds_with_what_belongs_to_them(self):
        probe.psql = lambda *_: "1\n2\n3\n"
        metrics = probe.Metrics()
        probe.feeds(metrics, "", lambda: FakeRedis({"feed:home:1": 900, "feed:home:1:reblogs": 100, "feed:home:3": 500}))
        self.assertEqual(metrics.text(), "mastodon_feed_bytes 750.0\n")
        metrics = probe.Metrics()
        probe.feeds(metrics, "", lambda: FakeRedis({}))
        self.assertEqual(metrics.text(), "")

    def test_cpu_and_memory_as_the_kernel_writes_them(self):
        facts = sys.modules["facts"]
        ticks = facts.TICKS
        found = facts.cpu(f"cpu  {ticks} 0 {ticks} {5 * ticks} {ticks} 0 0 {2 * ticks} 0 0\ncpu0 1 2 3\n")
        self.assertEqual(found, {"cpu_seconds_total": 10, "idle_seconds_total": 6, "steal_seconds_total": 2})
        self.assertEqual(
            facts.memory("MemTotal:  2000 kB\nMemFree: 1 kB\nMemAvailable:  500 kB\nHugePages_Total:       0\n"),
            {"memory_bytes": 2048000, "memory_available_bytes": 512000},
        )


class WorkTest(unittest.TestCase):
    def setUp(self):
        self.work = sys.modules["work"]
        for name in ("output", "units", "containers", "docker", "jobs_of", "processes"):
            self.addCleanup(setattr, self.work, name, getattr(self.work, name))

    def test_jobs_by_queue_as_the_exporter_has_them_by_class(self):
        text = (
            "# HELP ruby_sidekiq_jobs_total Total number of sidekiq jobs executed.\n"
            'ruby_sidekiq_job_duration_seconds{job_name="FeedInsertWorker",queue="default",quantile="0.99"} 0.2\n'
            'ruby_sidekiq_job_duration_seconds_sum{job_name="FeedInsertWorker",queue="default"} 12.5\n'
            'ruby_sidekiq_job_duration_seconds_count{job_name="FeedInsertWorker",queue="default"} 100\n'
            'ruby_sidekiq_jobs_total{job_name="FeedInsertWorker",queue="default"} 100\n'
            'ruby_sidekiq_jobs_total{job_name="DistributionWorker",queue="default"} 7\n'
            'ruby_sidekiq_jobs_total{job_name="ActivityPub::DeliveryWorker",queue="push"} 3\n'
            'ruby_sidekiq_failed_jobs_total{job_name="ActivityPub::DeliveryWorker",queue="push"} 1\n'
        )
        self.assertEqual(self.work.jobs_in(text), {"default": [107, 12.5], "push": [3, 0]})

    def test_units_that_run(self):
        shown = (
            "Id=tailscaled.service\nCPUUsageNSec=2500000000\n\nId=nginx.service\nCPUUsageNSec=[not set]\n\n"
            "Id=postgresql@17-main.service\nCPUUsageNSec=1000000000\n\nId=redis-server@cache.service\nCPUUsageNSec=5000000000\n"
        )
        self.work.output = lambda *_: shown
        self.assertEqual(self.work.units(), {"tailscaled": {"cpu": 2.5}, "postgresql": {"cpu": 1}, "redis-server@cache": {"cpu": 5}})

    def look(self, among, before, unanswered=()):
        self.work.units = dict
        self.work.processes = lambda: among
        self.work.containers = lambda: [{"name": name, "state": state} for name, state in (
            ("web", "running"), ("sidekiq-default-1", "running"), ("sidekiq-push-1", "running"), ("streaming", "exited"))]
        roots = {"web": 10, "sidekiq-default-1": 20, "sidekiq-push-1": 30}
        self.work.docker = lambda _, path, __: json.dumps({"State": {"Pid": roots[path.split("/")[2]]}, "Name": path.split("/")[2]})

        def jobs_of(inspected):
            if inspected["Name"] in unanswered:
                raise OSError("timed out")
            return {"default": [5, 1.5]}

        self.work.jobs_of = jobs_of
        return self.work.work(before)

    def test_a_process_that_does_not_answer_is_left_out_whole(self):
        among = {1: (0, 9.0), 10: (1, 1.0), 11: (10, 2.0), 12: (11, 0.5), 20: (1, 3.0), 30: (1, 4.0)}
        self.assertEqual(self.look(among, {}, ["sidekiq-push-1"]), {
            "web": {"cpu": 3.5, "jobs": {}}, "sidekiq-default-1": {"cpu": 3, "jobs": {"default": [5, 1.5]}}})

    def test_cpu_does_not_fall_but_with_a_new_container(self):
        among, before = {10: (1, 1.0), 11: (10, 2.0), 20: (1, 3.0), 30: (1, 4.0)}, {}
        self.assertEqual(self.look(among, before)["web"]["cpu"], 3)
        # A child has ended, and its parent has not been told yet.
        del among[11]
        self.assertEqual(self.look(among, before)["web"]["cpu"], 3)
        among[10] = (1, 3.5)
        self.assertEqual(self.look(among, before)["web"]["cpu"], 3.5)
        before["web"] = (9, 50.0)
        self.assertEqual(self.look(among, before)["web"]["cpu"], 3.5)

    def test_processes_as_the_kernel_shows_them(self):
        found = self.work.processes()
        parent, seconds = found[os.getpid()]
        self.assertEqual(parent, os.getppid())
        times = os.times()
        self.assertAlmostEqual(seconds, times.user + times.system + times.children_user + times.children_system, delta=0.2)


if __name__ == "__main__":
    unittest.main()
