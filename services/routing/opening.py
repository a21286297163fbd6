"""The effect that opens a bid's parts and amends them: each is told to intake under a name that makes repeating it harmless."""

import asyncio
from collections.abc import Sequence
from typing import Any

import httpx
import structlog
from pydantic import ValidationError

from services.routing.domain.bidding.children import AMEND_CHILD, OPEN_CHILD
from shared.client.batches import batch
from shared.client.call import BrokenOff, dumped
from shared.ledger.effects import Done, Ending, PointOfNoReturn, Retry, Terminal
from shared.ledger.messages import Item
from shared.schemas.model import Json
from shared.schemas.requests import Answer, Verdict

__all__ = ["ACTIONS", "AMEND_CHILD", "OPEN_CHILD", "Opening"]
log = structlog.get_logger()
Part = tuple[bytes, asyncio.Future[Ending]]
"""The line that submits or amends it, and what is awaited of it."""
ACTIONS = {OPEN_CHILD: "submit", AMEND_CHILD: "amend"}
PARTS_AT_ONCE = 48
"""Parts of a call, and parts that may be under way: whoever comes while a call is made goes with the next."""
CALL_SECONDS = 15.0
"""How long a call may take: a part waits for the one before its own, its own, and one for itself alone, within a worker's usual lease."""
AGAIN = frozenset({401, 403, 404, 408, 425, 429})
"""Answers that are about the call rather than about what it said: keys, addresses, limits. Trying again may help."""

UNKNOWN = frozenset({404})
"""What is said of one part, that there is no such request, is about that part: it was dropped."""


class Opening:
    """The effect of the item kinds `open_child` and `amend_child`. Parts that are told of at the same time are one call."""

    def __init__(self, client: httpx.AsyncClient, url: str) -> None:
        self._client = client
        self._url = url
        self._waiting: list[Part] = []
        self._calling: asyncio.Task[None] | None = None

    async def perform(self, item: Item, _point_of_no_return: PointOfNoReturn) -> Ending:
        """Done with intake's verdict; sent twice it is the same request, so there is no point of no return.

        Terminal when intake refuses what is sent, with what it says.
        """
        ending: asyncio.Future[Ending] = asyncio.get_running_loop().create_future()
        line = dumped({"action": ACTIONS[item.kind], "key": f"bid-{item.id}", "body": item.data["body"]})
        self._waiting.append((line, ending))
        if self._calling is None or self._calling.done():
            self._calling = asyncio.create_task(self._call_for_all())
        return await ending

    async def _call_for_all(self) -> None:
        """One call after the other until nobody waits."""
        while self._waiting:
            parts, self._waiting = self._waiting[:PARTS_AT_ONCE], self._waiting[PARTS_AT_ONCE:]
            await self._call_for([(line, ending) for line, ending in parts if not ending.done()])

    async def _call_for(self, parts: Sequence[Part]) -> None:
        """One call for all of `parts`, and where that tells not of each, a call for each: it may be for the sake of one."""
        endings: list[Ending] | None = None
        if len(parts) > 1:
            try:
                endings = await self._opened([line for line, _ in parts])
            except Exception as error:  # noqa: BLE001  # each hears of it from its own call
                log.warning("opening.failed", parts=len(parts), problem=type(error).__name__)
        if endings is None:
            await asyncio.gather(*(self._call_for_one(line, ending) for line, ending in parts))
            return
        for (_, ending), end in zip(parts, endings, strict=True):
            if not ending.done():
                ending.set_result(end)

    async def _call_for_one(self, line: bytes, ending: asyncio.Future[Ending]) -> None:
        try:
            opened = await self._opened([line])
        except Exception as error:  # noqa: BLE001  # whoever waits must hear of it, whatever it is
            if not ending.done():
                ending.set_exception(error)
            return
        if not ending.done():
            ending.set_result(opened[0] if opened else Retry(problem="Intake's answer could not be read."))

    async def _opened(self, lines: Sequence[bytes]) -> list[Ending] | None:
        """What became of each part; None when the answer does not tell, or refuses several as one."""
        call = batch(lines)
        assert isinstance(call.content, bytes), "lines are sent as they are"
        try:
            async with asyncio.timeout(CALL_SECONDS):
                answer = await self._client.post(f"{self._url}{call.path}", content=call.content, headers=dict(call.headers))
            if answer.is_success:
                return [_ending(line) for line in call.read(answer)]
        except (httpx.RemoteProtocolError, BrokenOff, ValidationError, KeyError) as error:
            log.warning("opening.answer_unclear", parts=len(lines), problem=type(error).__name__)
            return None
        except (httpx.HTTPError, TimeoutError) as error:
            return [Retry(problem=f"Intake did not answer ({type(error).__name__}).")] * len(lines)
        refused = _refused(answer.status_code, _said(answer))
        return None if len(lines) > 1 and isinstance(refused, Terminal) else [refused] * len(lines)


def _ending(answer: Answer) -> Ending:
    if answer.problem is not None:
        return _refused(int(answer.problem["status"]), answer.problem, AGAIN - UNKNOWN)
    verdict = answer.verdict
    outcome = verdict.outcome if verdict is not None and answer.action == "submit" else answer.outcome
    message = verdict.message.model_dump() if verdict is not None else None
    missing = _missing(verdict) if verdict is not None else []
    told = {"outcome": outcome, "id": answer.id, "number": answer.number, "missing": missing, "message": message}
    amended = answer.action == "amend" and (answer.amended or answer.duplicate or answer.outcome in {"accepted", "held"})
    return Done(data=told | ({"amended": True} if amended else {}))


def _refused(status: int, said: Json, again: frozenset[int] = AGAIN) -> Ending:
    """Tried again when that may help; else the end, with the problem's own sentence, in both languages where it has them."""
    problem = f"Intake answered {status}."
    if status in again or status >= 500:
        return Retry(problem=problem)
    text = said.get("message")
    why = {"message": text} if isinstance(text, dict) and {"zh", "en"} <= text.keys() else {}
    return Terminal(problem=problem, data={"outcome": "refused", **why})


def _said(answer: httpx.Response) -> Json:
    try:
        said: Any = answer.json()
    except ValueError:
        return {}
    return said if isinstance(said, dict) else {}


def _missing(verdict: Verdict) -> list[str]:
    """Fields and preconditions by their keys; of several that would do, all in one."""
    lacking = [" | ".join(one.any_of) for one in verdict.preconditions if one.state == "missing"]
    return list(dict.fromkeys([*(problem.field for problem in verdict.problems), *lacking]))
