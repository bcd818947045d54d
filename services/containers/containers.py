#!/usr/bin/python3
# Keeps Mastodon's containers running. A container that has ended is started again, whatever its exit code. One that stays unhealthy is
# first stopped gracefully.
#
# On main this is mastodon-watch.service; on a worker mastodon-worker uses it. compose decides what should run: nothing is created or
# changed here, so a container never starts with a release or a configuration that is only half in place.
import fcntl
import http.client
import json
import os
import socket
import threading
import time
import urllib.parse

LABELS = ["com.docker.compose.project=mastodon", "com.docker.compose.oneoff=False"]
# compose holds this lock while it stops and creates containers (mastodon-compose).
LOCK = "/run/mastodon-compose.lock"
# While this file exists, Sidekiq on main stays stopped (traffic).
HELD = "/run/mastodon-host/hold"
# Seconds before the next start: they double each time, until the container has run for a minute.
LONGEST_PAUSE = 8
SETTLED = 60


class Docker(http.client.HTTPConnection):
    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect("/run/docker.sock")


def docker(method, path, timeout=30):
    # Docker's answer as text; raises OSError if Docker refuses or does not answer.
    connection = Docker("docker", timeout=timeout)
    try:
        connection.request(method, path)
        response = connection.getresponse()
        text = response.read().decode()
    except http.client.HTTPException as error:
        raise OSError(f"Docker: {error!r}") from error
    finally:
        connection.close()
    if response.status >= 400:
        raise OSError(f"Docker: {text.strip()}")
    return text


def containers():
    # Name, state and health of each container of a service, running or not; without one-off containers.
    filters = urllib.parse.quote(json.dumps({"label": LABELS}))
    return [
        {"id": found["Id"], "name": found["Names"][0].lstrip("/"), "state": found["State"], "healthy": "(unhealthy)" not in found["Status"]}
        for found in json.loads(docker("GET", f"/containers/json?all=1&filters={filters}"))
    ]


class Keeper:
    def __init__(self, say):
        self.say = say
        # By name: how many starts in a row did not last, and when the last one was.
        self.starts = {}
        self.restarting = set()

    def look(self):
        # One check of all containers; never waits for one of them.
        with open(LOCK, "a", encoding="utf-8") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return
            for container in containers():
                name, state = container["name"], container["state"]
                if name in self.restarting or (name.startswith("sidekiq-") and os.path.exists(HELD)):
                    continue
                if state in ("exited", "created", "dead"):
                    self.start(container)
                elif state == "running" and not container["healthy"]:
                    self.restart(container)

    def start(self, container):
        name, now = container["name"], time.monotonic()
        count, last = self.starts.get(name, (0, 0.0))
        if count and now - last > SETTLED:
            count = 0
        if count and now - last < min(2 ** (count - 1), LONGEST_PAUSE):
            return
        self.starts[name] = count + 1, now
        self.say(f"{name} has ended and is started again")
        docker("POST", f"/containers/{container['id']}/start")

    def restart(self, container):
        # Gracefully and in the background: Sidekiq has its grace period to finish its jobs or hand them back.

        def run():
            try:
                # A container that was only suspended can then receive the signal.
                docker("POST", f"/containers/{container['id']}/kill?signal=CONT")
                docker("POST", f"/containers/{container['id']}/stop", timeout=120)
            except OSError as error:
                self.say(f"{container['name']}: {error}")
            finally:
                self.restarting.discard(container["name"])

        self.restarting.add(container["name"])
        self.say(f"{container['name']} does not answer its health checks and is restarted")
        threading.Thread(target=run, daemon=True).start()


def watch():
    keeper = Keeper(lambda text: print(text, flush=True))
    away = False
    while True:
        try:
            keeper.look()
            away = False
        except OSError as error:
            if not away:
                print(error, flush=True)
            away = True
        time.sleep(2)


if __name__ == "__main__":
    watch()
