"""Runs inside a machine: takes what is posted to it, and answers 503 to the first requests.

    receiver.py PORT FAILURES

Prints a line of JSON for each request: path, status, body.
"""

import json
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer

left = int(sys.argv[2])


class Handler(BaseHTTPRequestHandler):
    """One request."""

    def do_POST(self) -> None:
        """Take it down and answer."""
        global left
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        status, left = (503, left - 1) if left > 0 else (200, 0)
        print(json.dumps({"path": self.path, "type": self.headers["Content-Type"], "status": status,
                          "body": json.loads(body)}), flush=True)
        self.send_response(status)
        self.send_header("Retry-After", "1")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the base class's word
        """Nothing."""


server = HTTPServer(("127.0.0.1", int(sys.argv[1])), Handler)
print("listening", flush=True)
server.serve_forever()
