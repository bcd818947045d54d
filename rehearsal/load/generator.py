"""Asks the web interface for measured jobs, at a fixed pace, and says what became of each request, one JSON object a line.

On stdin the order: {"address", "name", "pause", "first", "count", "rest"}; ends when stdin closes. A number is used once: of a
request without an answer nobody knows whether its jobs exist.
"""
import http.client
import json
import socket
import ssl
import sys
import threading
import time

order = json.loads(sys.stdin.readline())
ended = threading.Event()
threading.Thread(target=lambda: (sys.stdin.read(), ended.set()), daemon=True).start()

context = ssl.create_default_context()
context.check_hostname, context.verify_mode = False, ssl.CERT_NONE


class Connection(http.client.HTTPSConnection):
    """To the reserved address, whatever the name resolves to here."""

    def connect(self):
        plain = socket.create_connection((order["address"], 443), self.timeout)
        self.sock = context.wrap_socket(plain, server_hostname=self.host)


connection = None
number = order["first"]
while not ended.is_set():
    sent = time.time()
    problem = None
    body = {"first": number, "count": order["count"], **order["rest"]}
    try:
        connection = connection or Connection(order["name"], timeout=5)
        connection.request("POST", "/stand-in/jobs", json.dumps(body), {"Content-Type": "application/json"})
        answer = connection.getresponse()
        text = answer.read().decode()
        if answer.status != 200 or json.loads(text)["first"] != number:
            problem = f"{answer.status} {text[:200]}"
    except (OSError, http.client.HTTPException, ValueError) as error:
        problem = f"{type(error).__name__}: {error}"
    if problem:
        connection = None
    tick = {"first": number, "sent": sent * 1000, "answered": time.time() * 1000, "ok": problem is None, "problem": problem}
    print(json.dumps(tick), flush=True)
    number += order["count"]
    ended.wait(max(0.0, order["pause"] - (time.time() - sent)))
