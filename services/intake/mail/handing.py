"""The one way into the mail room, whoever hands a mail over: what cannot be taken now is to come again."""

import asyncio
from collections.abc import Sequence
from typing import Protocol

import structlog

from services.intake.mail.replies import LATER, Reply

log = structlog.get_logger()
PATIENCE_SECONDS = 60.0
"""How long one mail may take; its sender waits ten minutes for the answer (RFC 5321, 4.5.3.2.6)."""


class Takes(Protocol):
    async def take(self, raw: bytes, *, envelope_sender: str | None, recipients: Sequence[str]) -> Reply: ...


async def handed_over(room: Takes, raw: bytes, envelope_sender: str | None, recipients: Sequence[str]) -> Reply:
    """The room's word; LATER when it has none in time, or cannot say."""
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            return await room.take(raw, envelope_sender=envelope_sender, recipients=recipients)
    except Exception as error:  # noqa: BLE001  # whoever has the mail keeps it and hands it over again
        log.warning("mail.not_taken", problem=type(error).__name__)
        return LATER
