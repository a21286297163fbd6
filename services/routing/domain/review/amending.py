"""After an amendment: whose opinion is asked for again, and what became of each condition. Pure.

A field is written by its dotted path; `details.` before it may be left out. What is no field of the form is a clause: clauses stand in
files, and which of them another file changes nobody can tell, so each is taken as changed.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from heapq import merge
from itertools import islice

from services.routing.domain.review.model import Review
from shared.catalogue import RequestType
from shared.schemas.requests import CURRENCY, FieldChange, Request
from shared.schemas.reviews import ConditionAccount, Opinion, Party, ReviewCondition, ReviewStep

DETAILS = "details."
FILES = "attachments"
MOST_FIELDS = 20
"""Of those touched, named in the account of one condition."""


def touched_fields(changes: Sequence[FieldChange], request: Request, kind: RequestType, amount: str | None) -> tuple[str, ...]:
    """The fields that `changes` name, and what changed with them: fields whose file was replaced, and the `amount` with its currency."""
    found = dict.fromkeys(change.field for change in changes)
    for change in changes:
        if change.field == FILES:
            files = [f"{DETAILS}{key}" for key, field in kind.fields.items() if field.type == "file"]
            found |= dict.fromkeys(path for path in files if _replaced(request.details.get(path.removeprefix(DETAILS)), change))
        elif change.field == f"extra.{CURRENCY}" and amount is not None:
            found[f"{DETAILS}{amount}"] = None
    return tuple(found)


def _replaced(name: object, change: FieldChange) -> bool:
    """Whether the file of that name has other content now. Of what cannot be told it is taken so."""
    before, after = (_content(name, files) for files in (change.before, change.after))
    return before is None or before != after


def _content(name: object, files: object) -> object:
    listed = files if isinstance(files, list | tuple) else ()
    return next((one.get("sha256") for one in listed if isinstance(one, dict) and one.get("name") == name), None)


class Touched:
    """What an amendment touched, in its order, found by what it lies beneath: one look for each wanted field, however much was touched."""

    def __init__(self, changed: Iterable[str], kind: RequestType) -> None:
        self.fields = _plain(changed)
        self._form = {*kind.fields, FILES}
        self._files = {FILES, *(key for key, field in kind.fields.items() if field.type == "file")}
        self._places = {field: place for place, field in enumerate(self.fields)}
        self._beneath: dict[str, list[int]] = defaultdict(list)
        for place, field in enumerate(self.fields):
            for above in (field, *_above(field)):
                self._beneath[above].append(place)

    def hit(self, concerns: Iterable[str]) -> tuple[tuple[str, ...], int]:
        """The first of the touched that one of `concerns` is about, and how many more there are."""
        wanted = set(_plain(concerns))
        if any(one.partition(".")[0] not in self._form for one in wanted):
            wanted |= self._files  # a clause, which any file may have changed
        widest = [one for one in wanted if not any(above in wanted for above in _above(one))]
        within = [self._beneath[one] for one in widest if one in self._beneath]
        around = sorted({self._places[above] for one in widest for above in _above(one) if above in self._places})
        first = tuple(self.fields[place] for place in islice(merge(around, *within), MOST_FIELDS))
        return first, len(around) + sum(map(len, within)) - len(first)

    def all(self) -> tuple[tuple[str, ...], int]:
        """The first that were touched, and how many more there are."""
        return self.fields[:MOST_FIELDS], max(0, len(self.fields) - MOST_FIELDS)


def again_and_account(
    review: Review, steps: Sequence[ReviewStep], changed: Iterable[str], kind: RequestType
) -> tuple[tuple[str, ...], tuple[ConditionAccount, ...]]:
    """The parties whose opinion no longer counts, and the account of every condition, in the order of the opinions.

    Who is not in the chain `steps` any more gives none; of the others, those whose fields or conditions were touched give it anew.
    """
    touched = Touched(changed, kind)
    parties = {party.key: party for step in steps for party in step.parties}
    again = tuple(
        opinion.party
        for opinion in review.opinions
        if opinion.party not in parties or _concerned(opinion, parties[opinion.party], touched)
    )
    account = tuple(
        _account(condition, opinion.party, touched, asked=opinion.party in parties)
        for opinion in review.opinions
        for condition in opinion.conditions
    )
    return again, account


def _concerned(opinion: Opinion, party: Party, touched: Touched) -> bool:
    if not touched.fields or not party.concerns:
        return bool(touched.fields)
    named = [*party.concerns, *(field for condition in opinion.conditions for field in condition.concerns)]
    unnamed = any(not condition.concerns for condition in opinion.conditions)
    return unnamed or bool(touched.hit(named)[0])


def _account(condition: ReviewCondition, party: str, touched: Touched, *, asked: bool) -> ConditionAccount:
    hit, more = touched.hit(condition.concerns) if condition.concerns else touched.all()
    if not hit and asked:
        return ConditionAccount(condition=condition.id, party=party, state="unchanged")
    return ConditionAccount(condition=condition.id, party=party, state="asked" if asked else "changed", fields=hit, more=more)


def _above(field: str) -> Iterator[str]:
    """What `field` lies beneath: `a` and `a.b` of `a.b.c`."""
    end = field.find(".")
    while end >= 0:
        yield field[:end]
        end = field.find(".", end + 1)


def _plain(fields: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(field.strip().removeprefix(DETAILS) for field in fields))
