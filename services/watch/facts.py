#!/usr/bin/python3
# What a machine says of itself, in seconds, bytes, and 0 or 1. Main's probe exports it. A worker sends it to main with its lease, so no
# port of a worker has to be open for this.
import json
import os
import subprocess

STATE = "/var/lib/mastodon-host"
# Units of /proc/stat.
TICKS = os.sysconf("SC_CLK_TCK")


def text_of(path):
    # None if there is no such file.
    try:
        with open(path, encoding="utf-8") as file:
            return file.read()
    except FileNotFoundError:
        return None


def output(*command, timeout=5, **options):
    done = subprocess.run(command, capture_output=True, text=True, timeout=timeout, check=False, **options)
    if done.returncode:
        said = done.stderr.strip().splitlines() or [f"exit code {done.returncode}"]
        raise OSError(f"{os.path.basename(command[0])}: {said[-1]}")
    return done.stdout


def failed_units():
    listed = output("systemctl", "list-units", "--failed", "--plain", "--no-legend", "--no-pager")
    return [line.split()[0] for line in listed.splitlines() if line.strip()]


def cpu(stat):
    # user, nice, system, idle, iowait, irq, softirq, steal: those of all cores together.
    parts = [int(part) / TICKS for part in stat.split("\n", 1)[0].split()[1:9]]
    return {"cpu_seconds_total": sum(parts), "idle_seconds_total": parts[3] + parts[4], "steal_seconds_total": parts[7]}


def memory(meminfo):
    kib = {name: int(rest.split()[0]) for name, _, rest in (line.partition(":") for line in meminfo.splitlines()) if rest}
    return {"memory_bytes": kib["MemTotal"] * 1024, "memory_available_bytes": kib["MemAvailable"] * 1024}


def disk(path):
    found = os.statvfs(path)
    return {"bytes": found.f_blocks * found.f_frsize, "free_bytes": found.f_bavail * found.f_frsize}


def facts(*mounts):
    status = json.loads(text_of(f"{STATE}/status") or "{}")
    return {
        **cpu(text_of("/proc/stat")),
        **memory(text_of("/proc/meminfo")),
        "reboot_required": int(os.path.exists("/run/reboot-required")),
        "failed_units": len(failed_units()),
        # Nothing before the first apply has ended.
        **({"apply_failed": int(status["state"] != "ok")} if status else {}),
        "disks": {mount: disk(mount) for mount in mounts if os.path.ismount(mount)},
    }
