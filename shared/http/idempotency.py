"""The Idempotency-Key of a request (draft-ietf-httpapi-idempotency-key-header-07): a string of RFC 8941, or its bare content."""

import re
from typing import Annotated

from fastapi import Depends, Header, Request, Response

from shared.http.problems import Refused
from shared.ledger.messages import Refusal
from shared.schemas.model import Text

HEADER = "Idempotency-Key"
REPLAYED = "Idempotency-Replayed"
LONGEST = 200
LONGEST_WRITTEN = 2 * LONGEST + 2
"""In quotes, every character behind a backslash. Longer values are refused unread, whichever channel they came by."""
QUOTED = re.compile(r'"((?:[\x20\x21\x23-\x5b\x5d-\x7e]|\\["\\])*)"')
BAD_KEY = Refusal(
    code="bad_idempotency_key",
    status=400,
    message=Text(
        zh=f'Idempotency-Key 应只给一次，为 1 至 {LONGEST} 个可打印的 ASCII 字符，例如 "8e03978e-40d5-43e8-bc93-6894a57f9324"。',
        en=f"Give one Idempotency-Key, of 1 to {LONGEST} printable ASCII characters, "
        'such as "8e03978e-40d5-43e8-bc93-6894a57f9324".',
    ),
)
TOLD = "names the command: repeated under the same key it is answered as the first time and changes nothing (docs/decisions/0024)"


def key_in(value: str) -> str | None:
    """The key that a header's value gives, quoted or bare; None when it gives none."""
    if len(value) > LONGEST_WRITTEN:
        return None
    given = value.strip()
    if found := QUOTED.fullmatch(given):
        given = re.sub(r'\\(["\\])', r"\1", found[1])
    elif not (given.isascii() and given.isprintable()) or '"' in given or "\\" in given:
        return None
    return given if given.strip() and len(given) <= LONGEST else None


async def _key(
    request: Request,
    _documented: Annotated[str | None, Header(alias=HEADER, max_length=LONGEST_WRITTEN, description=TOLD)] = None,
) -> str | None:
    """The key of a request, or None when it has none. Raises Refused (400) for a wrong one, or several."""
    given = request.headers.getlist(HEADER)
    if not given:
        return None
    key = key_in(given[0]) if len(given) == 1 else None
    if key is None:
        raise Refused(BAD_KEY)
    return key


Key = Annotated[str | None, Depends(_key)]
"""A route's parameter for the key."""


def told(response: Response, *, repeated: bool) -> None:
    """Say in the headers of `response` that it was given before."""
    if repeated:
        response.headers[REPLAYED] = "true"
