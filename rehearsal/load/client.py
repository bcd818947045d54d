"""What clients on the internet share: the order that they read from standard input, and a connection to the instance."""
import http.client
import json
import socket
import ssl
import sys
import threading

order = json.loads(sys.stdin.readline())
# Once standard input is closed.
ended = threading.Event()
threading.Thread(target=lambda: (sys.stdin.read(), ended.set()), daemon=True).start()

context = ssl.create_default_context()
context.check_hostname, context.verify_mode = False, ssl.CERT_NONE


class Connection(http.client.HTTPSConnection):
    """To the reserved address, whatever the name resolves to here."""

    def connect(self):
        plain = socket.create_connection((order["address"], 443), self.timeout)
        self.sock = context.wrap_socket(plain, server_hostname=self.host)
