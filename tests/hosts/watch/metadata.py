"""DigitalOcean's metadata service, as far as it knows addresses: each machine that asks has the one it asks from, and its IPv6 address."""
import http.server
import sys


class Service(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        number = self.client_address[0].rsplit(".", 1)[1]
        found = {
            "interfaces/public/0/ipv4/address": f"10.99.0.{number}",
            "interfaces/public/0/ipv6/address": f"FD99:0000:0000:0000:0000:0000:0000:{int(number):04d}",
            "reserved_ip/ipv4/active": "false",
            "reserved_ip/ipv6/active": "false",
        }.get(self.path.removeprefix("/metadata/v1/"))
        self.send_response(200 if found else 404)
        self.end_headers()
        self.wfile.write((found or "not found").encode())

    def log_message(self, *_):
        pass


http.server.ThreadingHTTPServer((sys.argv[1], 80), Service).serve_forever()
