"""The look from outside. Run by openPorts.test.ts; the arguments are its path and outside.py's folder."""
import asyncio
import errno
import http.server
import importlib.machinery
import importlib.util
import json
import os
import socket
import sys
import tempfile
import threading
import time
import unittest

path, folder = sys.argv.pop(1), sys.argv.pop(1)
sys.path.insert(0, folder)
loader = importlib.machinery.SourceFileLoader("open_ports", path)
look = importlib.util.module_from_spec(importlib.util.spec_from_loader("open_ports", loader))
loader.exec_module(look)

HERE = "127.0.0.1"
MAIN, WORKER = "mastodon-hosting:outside", "mastodon-hosting:worker:w1"


class FakeRedis:
    """Values, hashes and how many seconds are left, in one dictionary each."""

    def __init__(self, **values):
        self.values, self.ttls = values, {}

    def __call__(self, command, *words):
        return getattr(self, {"DEL": "delete"}.get(command, command.lower()))(*words)

    def get(self, key):
        return self.values.get(key)

    def ttl(self, key):
        return self.ttls.get(key, 150) if key in self.values else -2

    def smembers(self, key):
        return self.values.get(key, [])

    def hget(self, key, field):
        return self.values.get(key, {}).get(field)

    def hset(self, key, field, value):
        self.values.setdefault(key, {})[field] = value

    def hkeys(self, key):
        return list(self.values.get(key, {}))

    def hdel(self, key, field):
        del self.values[key][field]

    def set(self, key, value, *_):
        if key in self.values:
            return None
        self.values[key] = value
        return "OK"

    def delete(self, key):
        del self.values[key]


def outside(*addresses, ports=(), booted=1000.0):
    return {"addresses": list(addresses), "ports": list(ports), "booted": booted}


def listening():
    server = socket.create_server((HERE, 0), backlog=64)
    return server, server.getsockname()[1]


class Case(unittest.TestCase):
    def setUp(self):
        self.replaced = {}
        self.said = []
        self.use(PER_SECOND=5000, PATIENCE=0.3, print=lambda text, **_: self.said.append(text))
        self.pinged = []
        self.use(pings=lambda address: self.pinged.append(address) or True)

    def tearDown(self):
        for name, value in self.replaced.items():
            setattr(look, name, value) if value is not None else delattr(look, name)

    def use(self, **doubles):
        for name, double in doubles.items():
            self.replaced.setdefault(name, getattr(look, name, None))
            setattr(look, name, double)

    def redis(self, **values):
        one = FakeRedis(**values)
        self.use(redis=one)
        return one


class KnockTest(Case):
    def test_finds_what_listens_and_nothing_else(self):
        one, port = listening()
        two, other = listening()
        with one, two:
            closed = socket.create_server((HERE, 0))
            gone = closed.getsockname()[1]
            closed.close()
            found = asyncio.run(look.knock(HERE, [gone, port, other], lambda: None))
        self.assertEqual(found, sorted([port, other]))

    def test_asks_whose_address_it_is_and_stops_at_once_when_it_is_not_ours(self):
        asked = []

        def still_ours():
            asked.append(1)
            if len(asked) == 3:
                raise look.BrokenOff("not ours")

        self.use(CHECK_SECONDS=0)
        knocked = []

        async def is_open(_, port):
            knocked.append(port)
            return False

        self.use(is_open=is_open)
        with self.assertRaisesRegex(look.BrokenOff, "not ours"):
            asyncio.run(look.knock(HERE, range(1, 1000), still_ours))
        self.assertLess(len(knocked), 3)

    def test_what_fails_here_says_nothing_about_the_port(self):
        for number in (errno.EMFILE, errno.ENETUNREACH, errno.EADDRNOTAVAIL, errno.EPERM):
            async def fails(*_, number=number):
                raise OSError(number, os.strerror(number))

            async def knocked(fails=fails):
                asyncio.get_running_loop().sock_connect = fails
                return await look.knock(HERE, [1], lambda: None)

            with self.assertRaises(OSError):
                asyncio.run(knocked())

    def test_no_more_than_a_quarter_of_the_kernels_table(self):
        with tempfile.NamedTemporaryFile("w") as file:
            file.write("8192\n")
            file.flush()
            self.use(CONNTRACK_MAX=file.name, PER_SECOND=100)
            self.assertEqual(look.per_second(), 17)
        self.use(CONNTRACK_MAX="/nonexistent")
        self.assertEqual(look.per_second(), 100)


class SaidTest(Case):
    def test_only_what_a_machine_says_now(self):
        redis = self.redis(**{MAIN: json.dumps(outside("192.0.2.7", "2001:db8::7", ports=[80, 443]))})
        found = look.said(MAIN, "main")
        self.assertEqual((found["addresses"], found["ports"]), (["192.0.2.7", "2001:db8::7"], {80, 443}))
        redis.ttls[MAIN] = 59
        self.assertEqual(look.said(MAIN, "main")["addresses"], [])
        redis = self.redis(**{WORKER: json.dumps({"outside": outside("192.0.2.8")})})
        redis.ttls[WORKER] = 120
        self.assertEqual(look.said(WORKER, "worker")["addresses"], ["192.0.2.8"])
        redis.ttls[WORKER] = 119
        self.assertEqual(look.said(WORKER, "worker")["addresses"], [])

    def test_never_through_the_tailnet_nor_at_this_machine_nor_at_more_than_four(self):
        kept = ["192.0.2.8", "100.64.0.7", "fd7a:115c:a1e0::7", "127.0.0.1", "::1", "169.254.169.254"]
        for address in kept[1:]:
            self.redis(**{MAIN: json.dumps(outside(kept[0], address))})
            self.assertEqual(look.said(MAIN, "main")["addresses"], kept[:1], address)
        self.redis(**{MAIN: json.dumps(outside(*(f"192.0.2.{i}" for i in range(9))))})
        self.assertEqual(len(look.said(MAIN, "main")["addresses"]), 4)

    def test_nonsense_is_no_address(self):
        for word in ("no JSON", "[]", "5", json.dumps({"outside": outside("example.net")}), json.dumps({"outside": {}}), "null"):
            self.redis(**{WORKER: word})
            self.assertEqual(look.said(WORKER, "worker")["addresses"], [], word)

    def test_main_looks_at_each_worker_and_a_worker_at_main(self):
        self.redis(processes=["w1:7:aa", "w1:8:bb", "w2:9:cc", f"{look.HERE}:1:dd"])
        os.environ["ROLE"] = "main"
        self.assertEqual([key.rsplit(":", 1)[1] for key, _ in look.others()], ["w1", "w2"])
        os.environ["ROLE"] = "worker"
        self.assertEqual(look.others(), [(MAIN, "main")])


class LookTest(Case):
    def setUp(self):
        super().setUp()
        self.use(may_be_public=lambda _: True)
        self.knocked = []
        self.open = set()

        async def knock(_, ports, still_ours):
            self.knocked.append(list(ports))
            still_ours()
            return sorted(self.open & set(ports))

        self.use(knock=knock)
        self.store = self.redis(**{MAIN: json.dumps(outside(HERE, ports=[80, 443], booted=time.time() - 9000))})
        os.environ["ROLE"] = "worker"

    def turn(self):
        look.main()
        found = self.store.hget(look.LOOKS, HERE)
        return json.loads(found) if found else None

    def aged(self, hours):
        found = json.loads(self.store.hget(look.LOOKS, HERE))
        found["at"] -= hours * 3600
        self.store.hset(look.LOOKS, HERE, json.dumps(found))

    def test_all_ports_once_a_day(self):
        self.open = {80, 443}
        found = self.turn()
        self.assertEqual((found["open"], found["count"]), ([], 0))
        self.assertEqual((len(self.knocked[0]), self.knocked[0][0], self.knocked[0][-1]), (65535, 1, 65535))
        self.turn()
        self.assertEqual(len(self.knocked), 1)
        self.aged(2)
        self.turn()
        self.assertEqual(len(self.knocked), 1)
        self.aged(19)
        self.turn()
        self.assertEqual(len(self.knocked), 2)

    def test_again_when_the_other_machine_has_booted(self):
        self.open = {80, 443}
        self.turn()
        self.store.values[MAIN] = json.dumps(outside(HERE, ports=[80, 443], booted=time.time() + 1))
        self.turn()
        self.assertEqual(len(self.knocked), 2)

    def test_what_is_open_is_told_and_looked_at_each_hour_until_it_is_closed(self):
        self.open = {22, 80, 443, 5432}
        first = self.turn()
        self.assertEqual((first["open"], first["count"]), ([22, 5432], 2))
        self.open = {80, 443, 5432}
        second = self.turn()
        self.assertEqual(self.knocked[1], [22, 80, 443, 5432])
        self.assertEqual((second["open"], second["at"]), ([5432], first["at"]))
        self.open = {80, 443}
        self.assertEqual(self.turn()["count"], 0)
        self.turn()
        self.assertEqual(len(self.knocked), 3)

    def test_a_thousand_open_ports_are_counted_and_sixteen_are_named(self):
        self.open = {80, 443, *range(2000, 3000)}
        found = self.turn()
        self.assertEqual((found["open"], found["count"]), (list(range(2000, 2016)), 1000))
        # Those that are not named could have been closed: all are looked at again.
        self.open = {80, 443}
        self.assertEqual(self.turn()["count"], 0)
        self.assertEqual(len(self.knocked[1]), 65535)

    def test_who_does_not_see_what_is_meant_to_be_open_sees_nothing(self):
        self.assertIsNone(self.turn())
        self.assertIn("not even the ports that are meant to be open", self.said[0])
        self.assertNotIn(f"mastodon-hosting:looking:{HERE}", self.store.values)

    def test_an_address_that_answers_no_ping_before_or_after_was_not_looked_at(self):
        self.open = {80, 443}
        answers = [True, False]
        self.use(pings=lambda _: answers.pop(0))
        self.assertIsNone(self.turn())
        self.use(pings=lambda _: False)
        self.assertIsNone(self.turn())
        self.assertEqual(len(self.knocked), 1)

    def test_an_address_that_is_no_longer_ours_is_let_go_and_leaves_no_result(self):
        self.open = {80, 443}

        # After the last time that was asked in between.
        async def knock(*_):
            self.store.ttls[MAIN] = 10
            return [80, 443]

        self.use(knock=knock)
        self.assertIsNone(self.turn())
        self.assertIn("no longer said to be ours", self.said[0])

    def test_only_one_worker_looks_at_a_time(self):
        self.open = {80, 443}
        self.store.values[f"mastodon-hosting:looking:{HERE}"] = "w2"
        self.assertIsNone(self.turn())
        self.assertEqual(self.knocked, [])
        # This one was switched off while it looked.
        self.store.values[f"mastodon-hosting:looking:{HERE}"] = look.HERE
        self.assertIsNotNone(self.turn())

    def test_old_looks_at_machines_that_are_gone_are_forgotten(self):
        os.environ["ROLE"] = "main"
        for address, days in ((HERE, 9), ("192.0.2.1", 8), ("192.0.2.2", 6)):
            self.store.hset(look.LOOKS, address, json.dumps({"at": time.time() - days * 86400, "open": [], "count": 0}))
        look.main()
        self.assertEqual(self.store.hkeys(look.LOOKS), [HERE, "192.0.2.2"])


class MetadataTest(Case):
    def setUp(self):
        super().setUp()
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.file = os.path.join(self.folder.name, "outside.json")
        self.answers = {"interfaces/public/0/ipv4/address": "192.0.2.7"}
        case = self

        class Service(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                found = case.answers.get(self.path.removeprefix("/metadata/v1/"))
                self.send_response(found if isinstance(found, int) else 200 if found else 404)
                self.end_headers()
                self.wfile.write(str(found or "not found").encode())

            def log_message(self, *_):
                pass

        server = http.server.HTTPServer((HERE, 0), Service)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        self.use(METADATA=f"{HERE}:{server.server_port}", OUTSIDE=self.file, PUBLIC=[80, 443])

    def noted(self):
        look.note_addresses()
        with open(self.file, encoding="utf-8") as file:
            return json.load(file)

    def test_a_droplet_without_ipv6(self):
        self.assertEqual(self.noted(), {"addresses": ["192.0.2.7"], "ports": [80, 443]})

    def test_all_that_it_has_with_the_reserved_ones_that_are_assigned(self):
        self.answers |= {
            "interfaces/public/0/ipv6/address": "2001:0DB8:0000:0000:0000:0000:0000:0007",
            "reserved_ip/ipv4/active": "true", "reserved_ip/ipv4/ip_address": "192.0.2.200",
            "reserved_ip/ipv6/active": "false", "reserved_ip/ipv6/ip_address": "2001:db8::200"}
        self.assertEqual(self.noted()["addresses"], ["192.0.2.7", "2001:db8::7", "192.0.2.200"])

    def test_what_was_known_stays_when_the_service_fails(self):
        self.noted()
        self.answers["interfaces/public/0/ipv6/address"] = 503
        with self.assertRaisesRegex(OSError, "answers 503"):
            look.note_addresses()
        self.answers = {}
        with self.assertRaisesRegex(OSError, "no public address"):
            look.note_addresses()
        with open(self.file, encoding="utf-8") as file:
            self.assertEqual(json.load(file)["addresses"], ["192.0.2.7"])


unittest.main()
