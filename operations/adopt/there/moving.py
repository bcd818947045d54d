"""Answers in web's place that the instance is moving, so that other servers and people try again."""
import http.server
import sys

BODY = b"<!doctype html><meta charset=utf-8><title>Moving</title><p>This instance is moving to another server. It will be back in some minutes."


class Moving(http.server.BaseHTTPRequestHandler):
    def answer(self):
        self.send_response(503)
        for name, value in (("Retry-After", "300"), ("Content-Type", "text/html"), ("Content-Length", str(len(BODY)))):
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(BODY)

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = answer

    def log_message(self, *_):
        pass


http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Moving).serve_forever()
