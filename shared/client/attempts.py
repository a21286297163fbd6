"""One call, sent again while that is safe and of use: as Retry-After says, a bounded number of times."""

import random
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import httpx

from shared.client.call import BrokenOff, Call, Pause, Send, Steps
from shared.client.problems import ApiProblem, NotAnswered, ServerFault

AGAIN = frozenset({429, 502, 503, 504})
LONGEST_PAUSE = 60.0
HOPELESS = (httpx.UnsupportedProtocol, httpx.LocalProtocolError, httpx.TooManyRedirects)
"""What never left, and never will: an address of another kind or that leads nowhere, a header that cannot be sent."""


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


def attempts(call: Call[Any], patience: Patience, urls: Mapping[str, str]) -> Steps:
    """What the answer reads, which is a success or 304. Raises ApiProblem (Busy after the last attempt) and NotAnswered."""
    for attempt in range(1, patience.attempts + 1):
        told: str | None = None
        try:
            answer = yield Send(call=call)
            if isinstance(answer, httpx.RequestError):
                raise answer
            if answer.is_success or answer.status_code == httpx.codes.NOT_MODIFIED:
                return _read(call, answer)
            if attempt == patience.attempts or answer.status_code not in AGAIN:
                raise problem_of(answer)
            told = answer.headers.get("retry-after")
        except (httpx.RequestError, BrokenOff) as error:
            if attempt == patience.attempts or isinstance(error, HOPELESS):
                where = f"{urls[call.service]}{call.path}"
                raise NotAnswered(f"{where} did not answer ({type(error).__name__})") from error
        yield Pause(seconds=patience.pause(attempt, told))
    raise AssertionError("the last attempt answers or raises")


def _read(call: Call[Any], answer: httpx.Response) -> Any:
    """What `answer` reads. Raises ServerFault when it is something else than a service says: it may be another address's."""
    try:
        return call.read(answer)
    except ValueError as error:
        text = {
            "zh": f"{answer.url.host} 的回答不是本系统的格式；请核对地址与版本。",
            "en": f"{answer.url.host} answered something else than Backline does; check the address and the versions.",
        }
        status = answer.status_code
        raise ServerFault(status=status, code="not_understood", detail=text["en"], body={"message": text}) from error


def problem_of(answer: httpx.Response) -> ApiProblem:
    """The exception that an answer amounts to."""
    try:
        body = answer.json()
    except ValueError:
        body = None
    return ApiProblem.of(answer.status_code, body, answer.text)
