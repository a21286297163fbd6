"""The effect that opens a bid's parts: submits each to intake as a request, under a key that makes repeating it harmless."""

import asyncio
from typing import Any

import httpx

from services.routing.domain.bidding.children import OPEN_CHILD
from shared.ledger.effects import Done, Ending, PointOfNoReturn, Retry, Terminal
from shared.ledger.messages import Item
from shared.schemas.model import Json
from shared.schemas.requests import Answer, Verdict

__all__ = ["OPEN_CHILD", "Opening"]
AT_ONCE = 4
"""Calls at once: the client looks at every connection it has before each."""
TURN_SECONDS, CALL_SECONDS = 25.0, 15.0
"""How long a part waits for its turn, and how long a call may take: together less than a worker's usual lease."""
AGAIN = frozenset({401, 403, 404, 408, 425, 429})
"""Answers that are about the call rather than about what it said: keys, addresses, limits. Trying again may help."""


class Opening:
    """The effect of the item kind `open_child`."""

    def __init__(self, client: httpx.AsyncClient, url: str) -> None:
        self._client = client
        self._url = url
        self._turn = asyncio.Semaphore(AT_ONCE)

    async def perform(self, item: Item, _point_of_no_return: PointOfNoReturn) -> Ending:
        """Done with intake's verdict; sent twice it is the same request, so there is no point of no return.

        Terminal when intake refuses what is sent, with what it says.
        """
        try:
            async with asyncio.timeout(TURN_SECONDS):
                await self._turn.acquire()
        except TimeoutError:
            return Retry(problem="Others were being opened for all that time.", counted=False)
        try:
            async with asyncio.timeout(CALL_SECONDS):
                answer = await self._client.post(
                    f"{self._url}/v1/requests", json=item.data["body"], headers={"Idempotency-Key": f"bid-{item.id}"}
                )
        except (httpx.HTTPError, TimeoutError) as error:
            return Retry(problem=f"Intake did not answer ({type(error).__name__}).")
        finally:
            self._turn.release()
        if answer.status_code in AGAIN or answer.is_server_error:
            return Retry(problem=f"Intake answered {answer.status_code}.")
        if not answer.is_success:
            return Terminal(problem=f"Intake answered {answer.status_code}.", data={"outcome": "refused", **_why(answer)})
        return Done(data=_verdict(Answer.model_validate(answer.json())))


def _why(answer: httpx.Response) -> Json:
    """The problem's own sentence, in both languages where it has them."""
    try:
        said: Any = answer.json()
    except ValueError:
        return {}
    text = said.get("message") if isinstance(said, dict) else None
    return {"message": text} if isinstance(text, dict) and {"zh", "en"} <= text.keys() else {}


def _verdict(answer: Answer) -> Json:
    verdict = answer.verdict
    outcome = verdict.outcome if verdict is not None else answer.outcome
    message = verdict.message.model_dump() if verdict is not None else None
    missing = _missing(verdict) if verdict is not None else []
    return {"outcome": outcome, "id": answer.id, "number": answer.number, "missing": missing, "message": message}


def _missing(verdict: Verdict) -> list[str]:
    """Fields and preconditions by their keys; of several that would do, all in one."""
    lacking = [" | ".join(one.any_of) for one in verdict.preconditions if one.state == "missing"]
    return list(dict.fromkeys([*(problem.field for problem in verdict.problems), *lacking]))
