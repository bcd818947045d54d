#!/usr/bin/python3
# Where the internet reaches this machine, for the others that look at its ports.
import json

# Written by open-ports, and gone with each boot.
OUTSIDE = "/run/mastodon-outside.json"


def outside():
    # Without addresses nobody can look, and main's watch says so.
    with open("/proc/stat", encoding="utf-8") as file:
        booted = next(int(line.split()[1]) for line in file if line.startswith("btime "))
    try:
        with open(OUTSIDE, encoding="utf-8") as file:
            noted = json.load(file)
    except FileNotFoundError:
        noted = {"addresses": [], "ports": []}
    return {**noted, "booted": booted}
