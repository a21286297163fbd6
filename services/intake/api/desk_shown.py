"""A desk's entries as they are shown: a line of a list, or one with what was sent, as far as its unit may see that."""

from typing import Self

from services.intake.desk.entries import Entry, Settled
from services.intake.domain.state import State, sortable
from shared.schemas.model import Frozen, Json, Text
from shared.schemas.requests import Problem, number_of

Row = Entry | tuple[str, State]
"""A refused message, or a returned or rejected request with its id."""


class Why(Frozen):
    """One fault: the field (a dotted path; empty where it is about the whole), a stable code, and problem and remedy."""

    field: str = ""
    code: str
    message: Text


class DeskLine(Frozen):
    """One entry. `kind` says what it is: a request, a line of a file, a record of the topic, an early message, or a mail.

    `at` is when a request was first received, or a message refused. `request` is missing where nobody can tell which it is about.
    """

    entry: str
    kind: str
    outcome: str
    action: str
    business_unit: str
    channel: str
    at: str
    request: str | None = None
    number: str | None = None
    type: str | None = None
    place: str = ""
    why: tuple[Why, ...] = ()
    settled: Settled | None = None

    @classmethod
    def of(cls, row: Row) -> Self:
        """The line of a row."""
        return cls(**_line(row))


class DeskEntry(DeskLine):
    """With what was sent: `body`, or `raw` where it is no JSON. Of a wording that another unit sent, the public one alone.

    `seen` goes into a correction, so that one which rests on what is no longer so is refused.
    """

    body: Json | None = None
    raw: str | None = None
    seen: int | None = None

    @classmethod
    def whole(cls, row: Row, unit: str | None, *, service: bool) -> Self:
        """The entry as `unit` may see it."""
        if isinstance(row, Entry):
            return cls(**_line(row), body=row.body, raw=row.raw)
        identity, state = row
        assert state.request is not None, "only known requests are shown"
        current = state.private.current
        sent = current.body if current is not None and (service or (unit and unit == current.whole_for)) else None
        return cls(**_line((identity, state)), body=sent or state.request.model_dump(mode="json"), seen=state.head)


class Counts(Frozen):
    """How much lies on the desk."""

    returned: int
    rejected: int
    refused: int
    settled: int


class DeskList(Frozen):
    """A page; `next` goes into `after`."""

    entries: tuple[DeskLine, ...]
    counts: Counts
    next: str | None = None


def _line(row: Row) -> Json:
    if isinstance(row, Entry):
        return _of_entry(row)
    identity, state = row
    assert state.request is not None, "only known requests are shown"
    return {
        "entry": identity,
        "kind": "request",
        "outcome": state.status,
        "action": "submit",
        "business_unit": state.request.business_unit,
        "channel": state.private.channel,
        "at": sortable(state.received_at) if state.received_at else "",
        "request": identity,
        "number": number_of(identity),
        "type": state.request.type,
        "why": _of_verdict(state),
    }


def _of_entry(entry: Entry) -> Json:
    whole = Why(code=str(entry.problem.get("code", "")), message=Text.model_validate(entry.problem["message"]))
    faults = tuple(Why(**Problem.model_validate(fault).model_dump()) for fault in entry.faults)
    return {
        "entry": entry.id,
        "kind": entry.kind,
        "outcome": "refused",
        "action": entry.action,
        "business_unit": entry.unit,
        "channel": entry.channel,
        "at": entry.at,
        "request": entry.subject,
        "number": number_of(entry.subject) if entry.subject else None,
        "type": _type(entry),
        "place": entry.place,
        "why": (whole, *faults),
        "settled": entry.settled,
    }


def _type(entry: Entry) -> str | None:
    given = (entry.body or {}).get("type")
    return given[:100] if isinstance(given, str) else None


def _of_verdict(state: State) -> tuple[Why, ...]:
    """The faults and what is not proved; of a rejection its reason."""
    verdict = state.verdict
    if verdict is None:
        return ()
    if verdict.outcome == "rejected":
        return (Why(code=verdict.reason or "rejected", message=verdict.message),)
    faults = [Why(**problem.model_dump()) for problem in verdict.problems]
    missing = [
        Why(field="evidence." + "|".join(one.any_of), code="precondition_missing", message=one.message or one.label)
        for one in verdict.preconditions
        if one.state == "missing"
    ]
    return (*faults, *missing)
