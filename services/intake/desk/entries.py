"""One message that came to nothing, as its unit's desk keeps it: where it came from, why it was refused, and its content. Pure."""

import json
from datetime import datetime
from typing import Literal

from services.intake.domain.identity import identity
from services.intake.domain.state import sortable
from services.intake.reception import Sender
from shared.schemas.model import Frozen, Json
from shared.schemas.requests import Action, Answer

Kind = Literal["line", "record", "early", "mail"]
LARGEST = 256 * 1024
"""Bytes of content that are kept; of what is larger, the start of its raw form."""
PREFIX = "d-"


class Settled(Frozen):
    """When an entry was settled and by whom: sent again from the desk (`command`), or corrected over a channel (`by` is empty)."""

    at: str
    by: str = ""
    command: str = ""
    request: str | None = None


class Claim(Sender):
    """A correction that is being sent: whoever finds it here sends it once more, which does no harm, and then looks what it became."""

    command: str
    action: Action
    body: Json


class Entry(Frozen):
    """`content` is the body as JSON in ASCII, None when it is none or too large; `raw` is the start of what was sent, then.

    `said` is the number of intake's last word on the request `subject` when this was refused: a later word settles it. `names` are
    the requests that its content and its corrections name. `place` is the line of a file, or the record of a topic. `system` is the
    source system that the content names, else the one whose key sent it.
    """

    id: str
    unit: str
    kind: Kind
    channel: str
    action: Action
    at: str
    problem: Json
    faults: tuple[Json, ...] = ()
    subject: str | None = None
    names: tuple[str, ...] = ()
    system: str | None = None
    said: int = 0
    place: str = ""
    by: str = ""
    content: str | None = None
    raw: str | None = None
    settled: Settled | None = None
    claim: Claim | None = None

    @property
    def body(self) -> Json | None:
        """The content, if it is an object."""
        found = json.loads(self.content) if self.content is not None else None
        return found if isinstance(found, dict) else None


def entry_of(
    command: str,
    answer: Answer,
    *,
    unit: str,
    kind: Kind,
    channel: str,
    at: datetime,
    said: int = 0,
    by: str = "",
    body: object = None,
    raw: bytes = b"",
    place: str = "",
) -> Entry:
    """The entry of a message that `answer` refused. The same message again has the same id."""
    problem = dict(answer.problem or {})
    faults = problem.pop("errors", ()) or _faults(answer)
    content = json.dumps(body) if body is not None else None
    kept = content if content is not None and len(content) <= LARGEST else None
    named = identity(body) if isinstance(body, dict) else None
    start = (raw or (content or "").encode())[:LARGEST]
    return Entry(
        id=PREFIX + command,
        unit=unit,
        kind=kind,
        channel=channel,
        action=answer.action,
        at=sortable(at),
        problem=problem or _unaccepted(answer),
        faults=tuple(faults),
        subject=answer.id,
        names=(named,) if named is not None else (),
        system=_system(body) or (by.partition("/")[2] or None),
        said=said,
        by=by,
        place=place,
        content=kept,
        raw=None if kept is not None else start.decode("utf-8", "backslashreplace").replace("\0", "\\x00"),
    )


def _system(body: object) -> str | None:
    source = body.get("source") if isinstance(body, dict) else None
    system = source.get("system") if isinstance(source, dict) else None
    named = system.strip() if isinstance(system, str) else ""
    storable = named.isprintable() and "\0" not in named
    return named[:200] if named and storable else None


def _faults(answer: Answer) -> list[Json]:
    problems = answer.verdict.problems if answer.verdict else ()
    return [problem.model_dump(mode="json") for problem in problems]


def _unaccepted(answer: Answer) -> Json:
    """Why an amendment changed nothing under which its request could not be accepted."""
    message = answer.verdict.message.model_dump() if answer.verdict else {"zh": "未被接受。", "en": "It was not accepted."}
    return {"code": "amendment_not_accepted", "status": 422, "message": message}
