"""Asks the web interface for measured jobs and says what became of each request, one JSON object a line.

On stdin the order: {"address", "name"} with {"pause", "first", "count", "rest"} for a fixed pace, or with {"plan"}, a list of
[seconds from the start, body]; ends when stdin closes, or with the plan. Who asks waits for "patience" seconds, 5 where absent. A number is used once: of a request without an answer
nobody knows whether its jobs exist.
"""
import http.client
import itertools
import json
import time

from client import Connection, ended, order


def bodies(began):
    """When each request is due, and what it asks for."""
    if "plan" in order:
        for seconds, body in order["plan"]:
            yield began + seconds, body
        return
    due = began
    for number in itertools.count(order["first"], order["count"]):
        # A request that takes long delays the next: it does not make a burst of them.
        yield due, {"first": number, "count": order["count"], **order["rest"]}
        due = max(due + order["pause"], time.time())


connection = None
for due, body in bodies(time.time()):
    if ended.wait(max(0.0, due - time.time())):
        break
    sent = time.time()
    problem = None
    try:
        connection = connection or Connection(order["name"], timeout=order.get("patience", 5))
        connection.request("POST", "/stand-in/jobs", json.dumps(body), {"Content-Type": "application/json"})
        answer = connection.getresponse()
        text = answer.read().decode()
        if answer.status != 200 or json.loads(text)["first"] != body["first"]:
            problem = f"{answer.status} {text[:200]}"
    except (OSError, http.client.HTTPException, ValueError) as error:
        problem = f"{type(error).__name__}: {error}"
    if problem:
        connection = None
    tick = {"first": body["first"], "count": body["count"], "sent": sent * 1000, "answered": time.time() * 1000,
            "ok": problem is None, "problem": problem}
    print(json.dumps(tick), flush=True)
