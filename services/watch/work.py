#!/usr/bin/python3
# What Sidekiq did on this machine and what that took: jobs and busy seconds of each queue, CPU of each container and of some units. All of
# it counts up. Main's probe adds it up, and `npm run calibrate` learns from it what a job costs (decision 31).
import glob
import http.client
import json
import re
import threading
import time

from containers import containers, docker
from facts import TICKS, output

# Seconds between two looks, and after which the last one no longer counts.
EVERY, OLDEST = 30, 300
UNITS = ("tailscaled", "pgbouncer", "postgresql@*-main", "redis-server", "redis-server@cache", "nginx")
# As Mastodon's exporter writes them (discourse/prometheus_exporter:lib/prometheus_exporter/server/sidekiq_collector.rb).
LINE = re.compile(r'^ruby_sidekiq_(jobs_total|job_duration_seconds_sum)\{[^}\n]*\bqueue="(\w+)"[^}\n]*\} (\S+)$', re.M)


def jobs_in(text):
    # Jobs and busy seconds by queue; the exporter has them by class.
    found = {}
    for kind, queue, value in LINE.findall(text):
        found.setdefault(queue, [0.0, 0.0])[kind != "jobs_total"] += float(value)
    return found


def jobs_of(inspected):
    variables = dict(one.split("=", 1) for one in inspected["Config"]["Env"] if "=" in one)
    # A busy process answers late: Ruby's lock is elsewhere.
    connection = http.client.HTTPConnection("127.0.0.1", int(variables["MASTODON_PROMETHEUS_EXPORTER_PORT"]), timeout=20)
    try:
        connection.request("GET", "/metrics")
        return jobs_in(connection.getresponse().read().decode())
    finally:
        connection.close()


def processes():
    # By process: its parent, and CPU seconds, with those of its children that have ended.
    found = {}
    for path in glob.glob("/proc/[0-9]*/stat"):
        try:
            with open(path, encoding="utf-8", errors="replace") as file:
                fields = file.read().rpartition(")")[2].split()
        except OSError:
            continue
        found[int(path.split("/")[2])] = int(fields[1]), sum(int(ticks) for ticks in fields[11:15]) / TICKS
    return found


def cpu_of(root, among):
    # Of a process and all that it started.
    own, grown = set(), {root}
    while grown:
        own |= grown
        grown = {one for one, (parent, _) in among.items() if parent in own} - own
    return sum(among[one][1] for one in own if one in among)


def units():
    shown = output("systemctl", "show", "--property=Id,CPUUsageNSec", *(f"{unit}.service" for unit in UNITS))
    blocks = (dict(line.split("=", 1) for line in block.splitlines()) for block in shown.split("\n\n"))
    # One that does not run has no number.
    return {
        re.sub(r"(@\d+-main)?\.service$", "", block["Id"]): {"cpu": int(block["CPUUsageNSec"]) / 1e9}
        for block in blocks
        if block.get("CPUUsageNSec", "").isdigit()
    }


def work(before):
    # Before: the first process of each container and its CPU, as last seen.
    found, among = units(), processes()
    for container in containers():
        if container["state"] != "running":
            continue
        name = container["name"]
        try:
            inspected = json.loads(docker("GET", f"/containers/{name}/json", 10))
            # Both or neither: a job's cost is one by the other.
            jobs = jobs_of(inspected) if name.startswith("sidekiq-") else {}
        except (OSError, http.client.HTTPException, KeyError, ValueError):
            # It boots, or is gone: the next look adds what this one misses.
            continue
        root = inspected["State"]["Pid"]
        # A child that ended between two reads is missing for a moment. A number that falls means a new container.
        last = before.get(name)
        before[name] = root, max(cpu_of(root, among), last[1] if last and last[0] == root else 0)
        found[name] = {"cpu": before[name][1], "jobs": jobs}
    return found


class Work:
    # Looks in a separate thread: nothing else waits for a process that answers late.
    def __init__(self):
        self.at, self.found, self.trouble = float("-inf"), {}, "not yet looked"
        self.before = {}
        threading.Thread(target=self.run, daemon=True).start()

    def run(self):
        while True:
            try:
                self.found, self.at = work(self.before), time.monotonic()
            except Exception as error:  # whatever it was, the next look may be better
                self.trouble = f"{type(error).__name__}: {error}"
            time.sleep(EVERY)

    def latest(self):
        if time.monotonic() - self.at > OLDEST:
            raise OSError(self.trouble)
        return self.found
