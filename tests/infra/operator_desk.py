"""A real HTTP server that answers as services do, by script, and notes what it was asked; and a stack's folder that leads to it."""

import json
import threading
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

PROCESSES = ("intake-1", "routing-1", "notify-1", "documents-1")


@dataclass(frozen=True, kw_only=True)
class Asked:
    """One request that came."""

    method: str
    path: str
    token: str
    body: bytes


@dataclass(kw_only=True)
class Desk:
    """`answers` maps "METHOD path" to (status, content); a list is answered one by one, its last for ever."""

    port: int
    answers: dict[str, deque[tuple[int, Any]]] = field(default_factory=dict)
    asked: list[Asked] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def answer(self, address: str, *answers: tuple[int, Any]) -> None:
        self.answers[address] = deque(answers)


@contextmanager
def open_desk() -> Iterator[Desk]:
    """A desk on a free port until the block ends."""
    desk = Desk(port=0)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            token = self.headers.get("Authorization", "").removeprefix("Bearer ")
            desk.asked.append(Asked(method=self.command, path=self.path, token=token, body=body))
            status, content = _next(desk.answers, f"{self.command} {self.path}", body)
            raw = content if isinstance(content, bytes) else json.dumps(content).encode()
            self.send_response(status)
            self.send_header(
                "Content-Type", "text/html" if isinstance(content, bytes) and raw[:1] == b"<" else "application/json"
            )
            self.send_header("Content-Length", str(len(raw)))
            self.end_headers()
            self.wfile.write(raw)

        def do_POST(self) -> None:
            self.do_GET()

        def do_PUT(self) -> None:
            self.do_GET()

        def log_message(self, *_: object) -> None:
            """Nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        desk.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield desk
        finally:
            server.shutdown()
            thread.join()


def accepting(body: bytes) -> bytes:
    """What intake says to a batch of lines it accepts; the sentence holds a character that ends a line for some readers."""
    rows = [
        {
            "line": number,
            "id": f"request-{number}",
            "action": "submit",
            "outcome": "accepted",
            "duplicate": False,
            "say": "好\u2028的",
        }
        for number, line in enumerate(body.splitlines(), start=1)
        if line.strip()
    ]
    return b"".join(json.dumps(row, ensure_ascii=False).encode() + b"\n" for row in rows)


def folder_of(desk: Desk, folder: Path, ports: Mapping[str, int] | None = None) -> Path:
    """A stack's folder whose processes are all this desk."""
    state = {"ports": {**dict.fromkeys(PROCESSES, desk.port), "mongod": 1, **(ports or {})}, "epoch": 0, "supervisor": 1}
    (folder / "stack.json").write_text(json.dumps(state), encoding="utf-8")
    return folder


def _next(answers: Mapping[str, deque[tuple[int, Any]]], address: str, body: bytes) -> tuple[int, Any]:
    prepared = answers.get(address)
    if not prepared:
        return 404, {"detail": f"no answer was prepared for {address}"}
    status, content = prepared[0] if len(prepared) == 1 else prepared.popleft()
    return status, content(body) if callable(content) else content
