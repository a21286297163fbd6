"""One request over HTTP, sent again while that is safe and of use: under its own key, as Retry-After says, a bounded number of times."""

import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import httpx

from shared.client.problems import ApiProblem, NotAnswered

AGAIN = frozenset({429, 502, 503, 504})
LONGEST_PAUSE = 60.0
Sleep = Callable[[float], None]


@dataclass(frozen=True, kw_only=True)
class Patience:
    """How often the same is sent at most, and the pauses between: `first` seconds, doubled each time, up to `longest`."""

    attempts: int = 5
    first: float = 0.5
    longest: float = 10.0

    def pause(self, attempt: int, told: str | None) -> float:
        """Seconds before the attempt after `attempt` (from 1): what Retry-After says, else doubled and spread."""
        try:
            return min(LONGEST_PAUSE, max(0.0, float(told or "")))
        except ValueError:
            whole: float = min(self.longest, self.first * 2 ** (attempt - 1))
            return whole * random.uniform(0.5, 1.0)  # noqa: S311  # a spread, no secret


class Transport:
    """Sends through an `httpx.Client`, which brings token, language and time-outs."""

    def __init__(self, http: httpx.Client, *, patience: Patience | None = None, sleep: Sleep = time.sleep) -> None:
        self.http = http
        self._patience = patience or Patience()
        self._sleep = sleep

    def send(
        self,
        method: str,
        url: str,
        *,
        params: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        json: Any = None,
        content: bytes | None = None,
        timeout: float | None = None,
    ) -> httpx.Response:
        """The answer, which is a success or 304. Raises ApiProblem (Busy after the last attempt) and NotAnswered.

        Whatever is sent must be harmless when it is sent twice: a read, or a command under a key.
        """
        asked = {name: value for name, value in (params or {}).items() if value is not None}
        more: dict[str, Any] = {} if timeout is None else {"timeout": timeout}
        for attempt in range(1, self._patience.attempts + 1):
            last = attempt == self._patience.attempts
            try:
                answer = self.http.request(method, url, params=asked, headers=headers, json=json, content=content, **more)
            except httpx.TransportError as error:
                if last:
                    raise NotAnswered(f"{url} did not answer ({type(error).__name__})") from error
                self._sleep(self._patience.pause(attempt, None))
                continue
            if answer.is_success or answer.status_code == httpx.codes.NOT_MODIFIED:
                return answer
            if last or answer.status_code not in AGAIN:
                raise problem_of(answer)
            self._sleep(self._patience.pause(attempt, answer.headers.get("retry-after")))
        raise AssertionError("the last attempt answers or raises")


def problem_of(answer: httpx.Response) -> ApiProblem:
    """The exception that an answer amounts to."""
    try:
        body = answer.json()
    except ValueError:
        body = None
    return ApiProblem.of(answer.status_code, body, answer.text)
