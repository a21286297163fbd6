"""Asking another service for what it said, to close a gap."""

from collections.abc import Awaitable, Callable

import httpx

from shared.schemas.envelope import Event


def feed(client: httpx.AsyncClient, url_of: Callable[[str], str]) -> Callable[[str, str, int], Awaitable[list[Event]]]:
    """Ask another service what it said: ask(source, subject, after)."""

    async def ask(source: str, subject: str, after: int) -> list[Event]:
        answer = await client.get(f"{url_of(source)}/internal/events/{subject}", params={"after": after})
        answer.raise_for_status()
        return [Event.model_validate(event) for event in answer.json()]

    return ask
