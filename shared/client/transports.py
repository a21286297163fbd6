"""The two clients' ways to send, to wait and to follow an errand. Nothing else differs between them."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Self, TypeVar, assert_never

import httpx

from shared.client.attempts import Patience, attempts
from shared.client.call import Call, Now, Pause, Send, Steps, Stream, Tell, Told

A = TypeVar("A")
SECONDS = 120.0
CONNECT_SECONDS = 10.0
TIMEOUT = httpx.Timeout(SECONDS, connect=CONNECT_SECONDS)
PIECE_BYTES = 256 * 1024
Sleep = Callable[[float], None]
AsyncSleep = Callable[[float], Awaitable[None]]


class Transport:
    """What both know: addresses by service, patience, and how a call becomes what httpx is told."""

    def __init__(
        self, urls: Mapping[str, str], headers: Mapping[str, str], patience: Patience | None, monotonic: Callable[[], float]
    ) -> None:
        self._headers = headers
        self._urls = {name: url.rstrip("/") for name, url in urls.items()}
        self._patience = patience or Patience()
        self._monotonic = monotonic

    def _asked(self, call: Call[Any], content: Any) -> dict[str, Any]:
        if call.service not in self._urls:
            raise ValueError(f"this client has no address of {call.service}; it was given: {', '.join(self._urls) or 'none'}")
        asked: dict[str, Any] = {
            "method": call.method,
            "url": self._urls[call.service] + call.path,
            "params": {name: value for name, value in call.params.items() if value is not None},
            "headers": {**self._headers, **call.headers},
            "content": content,
        }
        if isinstance(call.content, Path):
            asked["headers"]["Content-Length"] = str(call.content.stat().st_size)
        return asked if call.timeout is None else asked | {"timeout": call.timeout}


class Blocking(Transport):
    """Sends through an `httpx.Client`, which brings connections and time-outs and is closed with it. Use it in a `with` block."""

    def __init__(
        self,
        urls: Mapping[str, str],
        token: str,
        *,
        language: str = "zh",
        http: httpx.Client | None = None,
        patience: Patience | None = None,
        sleep: Sleep = time.sleep,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(urls, _headers(token, language), patience, monotonic)
        self._http = http or httpx.Client(timeout=TIMEOUT, trust_env=False)
        self._sleep = sleep

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def ask(self, call: Call[A]) -> A:
        """What the answer to `call` reads. Raises ApiProblem and NotAnswered."""
        found: A = self.told(Told(attempts(call, self._patience, self._urls)))
        return found

    def told(self, errand: Told[A]) -> A:
        """The result of an errand."""
        answer: Any = None
        while True:
            try:
                step = errand.steps.send(answer)
            except StopIteration as end:
                found: A = end.value
                return found
            answer = self._done(step)

    def followed(self, errand: Stream[A]) -> Iterator[A]:
        """What an errand tells, as it does."""
        answer: Any = None
        while (step := _next(errand.steps, answer)) is not None:
            answer = None
            if isinstance(step, Tell):
                yield step.value
            else:
                answer = self._done(step)

    def _done(self, step: Send | Pause | Now | Tell | Call[Any]) -> Any:
        match step:
            case Call():
                return self.ask(step)
            case Send(call=call):
                return self._sent(call)
            case Pause(seconds=seconds):
                return self._sleep(seconds)
            case Now():
                return self._monotonic()
            case Tell():
                raise TypeError("only a stream tells")
        assert_never(step)

    def _sent(self, call: Call[Any]) -> httpx.Response | httpx.RequestError:
        try:
            if isinstance(call.content, Path):
                with call.content.open("rb") as file:
                    return self._http.request(**self._asked(call, file))
            return self._http.request(**self._asked(call, call.content))
        except httpx.RequestError as error:
            return error


class Awaiting(Transport):
    """Sends through an `httpx.AsyncClient`, as `Blocking`. Close it with `aclose`, or use it in an `async with` block."""

    def __init__(
        self,
        urls: Mapping[str, str],
        token: str,
        *,
        language: str = "zh",
        http: httpx.AsyncClient | None = None,
        patience: Patience | None = None,
        sleep: AsyncSleep = asyncio.sleep,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(urls, _headers(token, language), patience, monotonic)
        self._http = http or httpx.AsyncClient(timeout=TIMEOUT, trust_env=False)
        self._sleep = sleep

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def ask(self, call: Call[A]) -> A:
        """What the answer to `call` reads. Raises ApiProblem and NotAnswered."""
        found: A = await self.told(Told(attempts(call, self._patience, self._urls)))
        return found

    async def told(self, errand: Told[A]) -> A:
        """The result of an errand."""
        answer: Any = None
        while True:
            try:
                step = errand.steps.send(answer)
            except StopIteration as end:
                found: A = end.value
                return found
            answer = await self._done(step)

    async def followed(self, errand: Stream[A]) -> AsyncIterator[A]:
        """What an errand tells, as it does."""
        answer: Any = None
        while (step := _next(errand.steps, answer)) is not None:
            answer = None
            if isinstance(step, Tell):
                yield step.value
            else:
                answer = await self._done(step)

    async def _done(self, step: Send | Pause | Now | Tell | Call[Any]) -> Any:
        match step:
            case Call():
                return await self.ask(step)
            case Send(call=call):
                return await self._sent(call)
            case Pause(seconds=seconds):
                return await self._sleep(seconds)
            case Now():
                return self._monotonic()
            case Tell():
                raise TypeError("only a stream tells")
        assert_never(step)

    async def _sent(self, call: Call[Any]) -> httpx.Response | httpx.RequestError:
        content = _pieces(call.content) if isinstance(call.content, Path) else call.content
        try:
            return await self._http.request(**self._asked(call, content))
        except httpx.RequestError as error:
            return error


def _headers(token: str, language: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}", "Accept-Language": language}


def _next(steps: Steps, answer: Any) -> Send | Pause | Now | Tell | Call[Any] | None:
    try:
        return steps.send(answer)
    except StopIteration:
        return None


async def _pieces(path: Path) -> AsyncIterator[bytes]:
    with await asyncio.to_thread(path.open, "rb") as file:
        while piece := await asyncio.to_thread(file.read, PIECE_BYTES):
            yield piece
