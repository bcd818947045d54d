"""Load on main until /run/load.stop: load.py TOKEN FIRST_JOB. Posts jobs to three queues, reads pages, and listens to a stream.

Prints what was answered how often, the slowest answer, how often the stream ended, and every failure.
"""
import collections
import http.client
import itertools
import json
import os
import select
import socket
import ssl
import sys
import threading
import time

WEB = "social.example.org"
token, first = sys.argv[1], int(sys.argv[2])
context = ssl._create_unverified_context()
lock, numbers = threading.Lock(), itertools.count(first)
answers, failures = collections.Counter(), []
slowest, streams = 0.0, 0


class Here(http.client.HTTPSConnection):
    def connect(self):
        self.sock = context.wrap_socket(socket.create_connection(("127.0.0.1", 443), 10), server_hostname=WEB)
        self.sock.settimeout(self.timeout)


def going():
    return not os.path.exists("/run/load.stop")


def ask(method, path, body=None):
    global slowest
    start = time.monotonic()
    try:
        here = Here(WEB, timeout=200)
        here.request(method, path, body and json.dumps(body), {"Content-Type": "application/json", "Authorization": f"Bearer {token}"})
        answer = here.getresponse()
        text = answer.read().decode()
        said = str(answer.status)
        here.close()
    except (OSError, http.client.HTTPException) as error:
        said = text = repr(error)
    with lock:
        answers[said] += 1
        slowest = max(slowest, time.monotonic() - start)
        if said != "200":
            failures.append(f"{method} {path}: {text[:200]}")


def repeat(seconds, *arguments):
    while going():
        ask(*(argument() if callable(argument) else argument for argument in arguments))
        time.sleep(seconds)


def job(queue):
    work = {"trips": 5, "cpu": 2, "wait": 300, "signs": True}
    return lambda: {"first": next(numbers), "count": 1, "queue": queue, "retry": 25, "work": work}


def listen():
    global streams
    while going():
        with lock:
            streams += 1
        try:
            here = Here(WEB, timeout=20)
            here.request("GET", f"/api/v1/streaming/public?access_token={token}")
            answer = here.getresponse()
            while going():
                readable, _, _ = select.select([here.sock], [], [], 0.5)
                if readable and not answer.read1(65536):
                    break
        except (OSError, http.client.HTTPException):
            pass
        time.sleep(0.5)


threads = [
    *(threading.Thread(target=repeat, args=(0.25, "POST", "/stand-in/jobs", job(queue))) for queue in ("default", "push", "ingress")),
    threading.Thread(target=repeat, args=(0.2, "GET", "/stand-in/release")),
    threading.Thread(target=repeat, args=(0.2, "GET", "/")),
    threading.Thread(target=listen),
]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print(json.dumps({"answers": answers, "slowest": round(slowest, 1), "streams": streams, "failures": failures[:20], "jobs": next(numbers) - first}))
