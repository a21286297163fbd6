"""A chat vendor's robot endpoint that refuses as documented: `python -m infra.sinks.chat --file var/chat.jsonl --key east`.

Invariant: a message is answered with errcode 0 only after its line is in the file. Every answer is HTTP 200.
Source: WeCom developer documents, group robot configuration and global error codes.
"""

import argparse
import asyncio
import json
import signal
import socket
import sys
import time
from collections import defaultdict, deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import uvicorn
from fastapi import FastAPI, Request

LONGEST = {"markdown": 4096, "text": 2048}
OK = {"errcode": 0, "errmsg": "ok"}


class ChatSink:
    """The vendor: `per_minute` messages per key in any `minute` seconds; unknown keys are refused."""

    def __init__(
        self,
        file: Path,
        keys: Sequence[str],
        *,
        per_minute: int = 20,
        minute: float = 60.0,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._file = file
        self._keys = frozenset(keys)
        self._per_minute = per_minute
        self._minute = minute
        self._monotonic = monotonic
        self._taken: dict[str, deque[float]] = defaultdict(deque)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()

    def take(self, key: str, raw: bytes) -> dict[str, Any]:
        """The vendor's answer to one post."""
        if key not in self._keys:
            return {"errcode": 93000, "errmsg": "invalid webhook url"}
        try:
            body = json.loads(raw)
            kind = body["msgtype"]
            content = body[kind]["content"]
            longest = LONGEST[kind]
        except (ValueError, KeyError, TypeError):
            return {"errcode": 40008, "errmsg": "invalid message type"}
        if not content or len(content.encode()) > longest:
            return {"errcode": 40058, "errmsg": f"{kind}.content exceed max length {longest}"}
        if not self._may(key):
            return {"errcode": 45009, "errmsg": "api freq out of limit"}
        with self._file.open("a", encoding="utf-8") as lines:
            line = {"at": time.time(), "key": key, "msgtype": kind, "content": content}
            lines.write(json.dumps(line, ensure_ascii=False) + "\n")
        return OK

    def _may(self, key: str) -> bool:
        now, taken = self._monotonic(), self._taken[key]
        while taken and now - taken[0] >= self._minute:
            taken.popleft()
        if len(taken) >= self._per_minute:
            return False
        taken.append(now)
        return True


def create_app(sink: ChatSink) -> FastAPI:
    """The vendor's one address, and one to see whether it is up."""
    app = FastAPI(title="Chat sink", openapi_url=None)

    @app.post("/cgi-bin/webhook/send")
    async def send(request: Request, key: str = "") -> dict[str, Any]:
        return sink.take(key, await request.body())

    @app.get("/livez")
    async def livez() -> dict[str, bool]:
        return {"ok": True}

    return app


async def run(arguments: argparse.Namespace) -> None:
    """Serve until SIGTERM or SIGINT; the first line of output is the address."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    sink = ChatSink(Path(arguments.file), arguments.key, per_minute=arguments.per_minute, minute=arguments.minute)
    with socket.create_server((arguments.host, arguments.port)) as listening:
        print(f"http://{arguments.host}:{listening.getsockname()[1]}", flush=True)
        server = Quiet(uvicorn.Config(create_app(sink), log_config=None, access_log=False, lifespan="off"))
        serving = asyncio.create_task(server.serve(sockets=[listening]))
        await stop.wait()
        server.should_exit = True
        await serving


class Quiet(uvicorn.Server):
    """A server that leaves the process's signals to whoever runs it."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Capture none."""
        yield


def main(argv: Sequence[str]) -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description="Chat robot endpoint into a JSON Lines file")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--file", required=True)
    parser.add_argument("--key", action="append", required=True, help="a robot's key; give it once per room")
    parser.add_argument("--per-minute", type=int, default=20)
    parser.add_argument("--minute", type=float, default=60.0, help="seconds that count as a minute")
    asyncio.run(run(parser.parse_args(argv)))


if __name__ == "__main__":
    main(sys.argv[1:])
