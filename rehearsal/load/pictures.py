"""Asks the media host for every file, again and again, and says at the end what it got, as JSON.

On stdin the order: {"address", "name", "paths", "perSecond"}; ends when stdin closes. A file has its own path in it.
"""
import http.client
import json
import random
import ssl
import threading
import time

from client import Connection, ended, order

lock = threading.Lock()
asked, seen, failed = [0], set(), []


def got(connection, path):
    connection.request("GET", "/" + path)
    answer = connection.getresponse()
    body = answer.read().decode(errors="replace")
    return None if answer.status == 200 and body.startswith(path + "\n") else f"{answer.status} {body[:100]}"


def look(mine):
    # All of its files in another order each time. The last time to the end, and as fast as it gets them.
    pause, due, connection = LOOKERS / order["perSecond"], time.time(), None
    while not ended.is_set():
        random.shuffle(mine)
        for path in mine:
            if ended.wait(max(0.0, due - time.time())) and path in seen:
                continue
            due = max(due + pause, time.time())
            # nginx ends a connection after a thousand requests, or for a new configuration: then once more, on a new one.
            for connection in (connection, None):
                again = connection is not None
                try:
                    connection = connection or Connection(order["name"], timeout=20)
                    problem = got(connection, path)
                    break
                except (OSError, http.client.HTTPException) as error:
                    connection, problem = None, f"{type(error).__name__}: {error}"
                    if not again or not isinstance(error, (http.client.RemoteDisconnected, ssl.SSLEOFError, ConnectionError)):
                        break
            with lock:
                asked[0] += 1
                if problem:
                    failed.append(f"{path}: {problem}")
                else:
                    seen.add(path)


LOOKERS = 4
threads = [threading.Thread(target=look, args=(order["paths"][i::LOOKERS],)) for i in range(LOOKERS)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print(json.dumps({"asked": asked[0], "seen": len(seen), "failed": failed[:20], "failures": len(failed)}))
