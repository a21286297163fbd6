"""After an amendment: whose opinion is asked for again, and what became of each condition. Pure.

A field is written by its dotted path; `details.` before it may be left out. What is no field of the form is a clause: clauses stand in
files, and which of them another file changes nobody can tell, so each is taken as changed.
"""

from collections.abc import Iterable, Sequence

from services.routing.domain.review.model import Review
from shared.catalogue import RequestType
from shared.schemas.reviews import ConditionAccount, Opinion, Party, ReviewCondition, ReviewStep

DETAILS = "details."
FILES = "attachments"


def again_and_account(
    review: Review, steps: Sequence[ReviewStep], changed: Iterable[str], kind: RequestType
) -> tuple[tuple[str, ...], tuple[ConditionAccount, ...]]:
    """The parties whose opinion no longer counts, and the account of every condition, in the order of the opinions.

    Who is not in the chain `steps` any more gives none; of the others, those whose fields or conditions were touched give it anew.
    """
    touched = _plain(changed)
    parties = {party.key: party for step in steps for party in step.parties}
    again = tuple(
        opinion.party
        for opinion in review.opinions
        if opinion.party not in parties or _concerned(opinion, parties[opinion.party], touched, kind)
    )
    account = tuple(
        _account(condition, opinion.party, touched, kind, asked=opinion.party in parties)
        for opinion in review.opinions
        for condition in opinion.conditions
    )
    return again, account


def _concerned(opinion: Opinion, party: Party, touched: Sequence[str], kind: RequestType) -> bool:
    if touched and not party.concerns:
        return True
    named = [*party.concerns, *(field for condition in opinion.conditions for field in condition.concerns)]
    unnamed = any(not condition.concerns for condition in opinion.conditions)
    return bool(touched) and (unnamed or bool(_hit(named, touched, kind)))


def _account(
    condition: ReviewCondition, party: str, touched: Sequence[str], kind: RequestType, *, asked: bool
) -> ConditionAccount:
    hit = _hit(condition.concerns, touched, kind) if condition.concerns else tuple(touched)
    if not hit and asked:
        return ConditionAccount(condition=condition.id, party=party, state="unchanged")
    return ConditionAccount(condition=condition.id, party=party, state="asked" if asked else "changed", fields=hit)


def _hit(concerns: Iterable[str], touched: Sequence[str], kind: RequestType) -> tuple[str, ...]:
    """Those of `touched` that one of `concerns` is about."""
    files = {FILES, *(key for key, field in kind.fields.items() if field.type == "file")}
    wanted = set(_plain(concerns))
    clauses = any(one.partition(".")[0] not in {*kind.fields, FILES} for one in wanted)
    return tuple(
        field
        for field in touched
        if any(_overlap(field, one) for one in wanted) or (clauses and field.partition(".")[0] in files)
    )


def _overlap(one: str, other: str) -> bool:
    return one == other or one.startswith(f"{other}.") or other.startswith(f"{one}.")


def _plain(fields: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(field.strip().removeprefix(DETAILS) for field in fields))
