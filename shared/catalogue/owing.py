"""Until when evidence is owed that the policy lets come later: plain durations from the moment a request is accepted. Pure."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from shared.catalogue.pack import Pack
from shared.schemas.intake import Owed
from shared.schemas.model import Text
from shared.schemas.requests import PreconditionVerdict, Verdict


def dated(verdict: Verdict, pack: Pack, now: datetime, standing: Mapping[tuple[str, ...], Owed]) -> Verdict:
    """`verdict` with the times of what comes later; what is `standing` already keeps its own."""
    if all(one.state != "later" for one in verdict.preconditions):
        return verdict
    preconditions = tuple(_dated(one, pack, now, standing) for one in verdict.preconditions)
    return verdict.model_copy(update={"preconditions": preconditions})


def owed(verdict: Verdict) -> tuple[Owed, ...]:
    """What `verdict` lets come later by a time."""
    return tuple(
        Owed(any_of=one.any_of, label=one.label, due=one.due, escalates=one.escalates)
        for one in verdict.preconditions
        if one.state == "later" and one.due is not None
    )


def _dated(one: PreconditionVerdict, pack: Pack, now: datetime, standing: Mapping[tuple[str, ...], Owed]) -> PreconditionVerdict:
    terms = [term for name in one.any_of if (term := pack.preconditions[name]).within_hours]
    if one.state != "later" or not terms:
        return one
    term = min(terms, key=lambda each: each.within_hours or 0)
    known = standing.get(one.any_of)
    due = known.due if known else _whole(now) + timedelta(hours=term.within_hours or 0)
    escalates = due + timedelta(hours=term.escalate_hours) if term.escalate_hours else None
    return one.model_copy(
        update={"due": due, "escalates": known.escalates if known else escalates, "message": _until(one.label, due)}
    )


def _until(label: Text, due: datetime) -> Text:
    day = f"{due:%Y-%m-%d %H:%M} (UTC{due:%z})"
    zh = f"前提条件“{label.zh}”的证明可后补，须在 {day} 前以变更补交。"
    return Text(zh=zh, en=f"“{label.en}” may be proved later: amend the request with the evidence before {day}.")


def _whole(now: datetime) -> datetime:
    """To the second: it is read by people."""
    return now.replace(microsecond=0)
