"""Asking another service what it said: to close a gap, or to find that there is one."""

from collections.abc import Callable, Sequence
from datetime import datetime
from urllib.parse import quote

import httpx
from pydantic import TypeAdapter

from shared.ledger.document import Head
from shared.schemas.envelope import Event

EVENTS = TypeAdapter(list[Event])
HEADS = TypeAdapter(list[Head])


class Feed:
    """One of the other services' ledgers by its internal addresses.

    Every method raises httpx.HTTPError or pydantic.ValidationError.
    """

    def __init__(self, client: httpx.AsyncClient, url_of: Callable[[str], str], ledger: str = "requests") -> None:
        self._client = client
        self._url_of = url_of
        self._ledger = ledger

    def of(self, ledger: str) -> "Feed":
        """The services' ledgers of another name."""
        return Feed(self._client, self._url_of, ledger)

    async def events(self, source: str, subject: str, after: int) -> Sequence[Event]:
        """What `source` said of `subject` after its number `after`."""
        return EVENTS.validate_json(await self._get(source, f"/internal/events/{quote(subject, safe='')}", {"after": str(after)}))

    async def heads(self, source: str, since: datetime, after: str) -> Sequence[Head]:
        """A page of how far `source` has come, in the order of (said_at, subject), behind (`since`, `after`)."""
        return HEADS.validate_json(await self._get(source, "/internal/heads", {"since": since.isoformat(), "after": after}))

    async def _get(self, source: str, path: str, params: dict[str, str]) -> bytes:
        answer = await self._client.get(f"{self._url_of(source)}{path}", params={**params, "ledger": self._ledger})
        answer.raise_for_status()
        return answer.content
