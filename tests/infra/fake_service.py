"""A service reduced to its contract with the supervisor: ready on its port, replays by token, notes what it was asked."""

import json
import os
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

UNSAID = int(os.environ.get("FAKE_UNSAID", "0"))
PAGE = json.dumps({"subjects": 0, "events": 0, "unsaid": UNSAID, "next": "the same" if UNSAID else None}).encode()


class Contract(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self._answer(200 if self.path == "/readyz" else 404)

    def do_POST(self) -> None:
        if self.path == "/crash":
            print("the fake was told to crash", flush=True)
            os._exit(3)
        allowed = self.headers["Authorization"] == f"Bearer {os.environ['BACKLINE_SERVICE_TOKEN']}"
        if self.path.startswith("/internal/replay?") and allowed:
            with Path(os.environ["FAKE_NOTES"]).open("a", encoding="utf-8") as notes:
                notes.write(json.dumps({"port": os.environ["BACKLINE_PORT"], "clock": os.environ.get("BACKLINE_CLOCK")}) + "\n")
        self._answer(200 if allowed else 401)

    def log_message(self, *_: object) -> None:
        """Nothing."""

    def _answer(self, status: int) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(PAGE)))
        self.end_headers()
        self.wfile.write(PAGE)


ThreadingHTTPServer(("127.0.0.1", int(os.environ["BACKLINE_PORT"])), Contract).serve_forever()
