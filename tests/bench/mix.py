"""The requests of the benchmark: fifteen types in a realistic mix, each with content of its own. Pure.

Ten requests belong to one opportunity, as in a season; a survey of each was completed before, since proposals,
presentations and trainings must name one.
"""

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

from shared.schemas.model import Json
from shared.schemas.requests import request_id
from tests.bench.company import INDUSTRIES, SENDING
from tests.builders import a_body, with_draft

WEIGHTS = {
    "tools.company": 3,
    "tools.product": 3,
    "tools.solution": 3,
    "tech.survey": 6,
    "tech.proposal": 8,
    "tech.test": 4,
    "tech.presentation": 6,
    "tech.training": 3,
    "tech.bid": 6,
    "market.event": 4,
    "market.visit": 4,
    "market.executive_visit": 3,
    "market.gift": 4,
    "business.price": 6,
    "business.contract": 6,
}
PER_OPPORTUNITY = 10
APART = timedelta(hours=6)
SYSTEM = "crm"
CUSTOMER, TENDER = "云汀港务集团", "ZB-7781"
TEXTS = ("content", "purpose", "reason", "use", "sample", "name")


@dataclass(frozen=True, kw_only=True)
class Filed:
    """One submission, and what Backline will call it."""

    unit: str
    body: Json

    @property
    def id(self) -> str:
        """The request's id."""
        source = self.body["source"]
        return request_id(self.unit, source["system"], source["reference"])


def surveys(count: int, requesters: Mapping[str, Sequence[str]]) -> list[Filed]:
    """The surveys that went before `count` requests: one for each opportunity."""
    opportunities = sorted({_opportunity(number) for number in range(count)})
    return [_filed("tech.survey", f"S-{opportunity[1]}", opportunity, requesters) for opportunity in opportunities]


def requests(
    count: int, requesters: Mapping[str, Sequence[str]], *, first: int = 0, surveyed: int | None = None, seed: int = 1
) -> list[Filed]:
    """Requests number `first` and following, about the opportunities of the first `surveyed` (else: of all of them)."""
    numbers = range(first, first + count)
    kinds = list(islice(_kinds(seed), first, first + count))
    within = surveyed or first + count
    return [
        _filed(kind, f"R-{number}", _opportunity(number % within), requesters)
        for number, kind in zip(numbers, kinds, strict=True)
    ]


def _kinds(seed: int) -> Iterator[str]:
    chance = random.Random(seed)
    while True:
        season = [kind for kind, weight in WEIGHTS.items() for _ in range(weight)]
        chance.shuffle(season)
        yield from season


def _opportunity(number: int) -> tuple[str, int]:
    return SENDING[number % len(SENDING)], number // (len(SENDING) * PER_OPPORTUNITY)


def _filed(kind: str, reference: str, opportunity: tuple[str, int], requesters: Mapping[str, Sequence[str]]) -> Filed:
    unit, number = opportunity
    people = requesters[unit]
    plain = a_body(
        kind,
        business_unit=unit,
        requester={"id": people[number % len(people)], "role": "account_manager"},
        source={"system": SYSTEM, "reference": reference},
        extra={"对接窗口": f"北门登记处 {reference}", "budget_code": f"BC-{reference}"},
    )
    plain = _pursued(plain, unit, number)
    details = _dated(_varied(plain["details"], reference), reference)
    body = with_draft({**plain, "details": details, "evidence": _evidence(plain["evidence"], unit, number)})
    if "opportunity" in plain:
        customer = {
            "id": f"C-{unit}-{number}",
            "name": _own(CUSTOMER, unit, number),
            "industry": INDUSTRIES[number % 4],
            "region": unit,
        }
        body["opportunity"] = {"id": f"O-{unit}-{number}", "name": f"智慧泊位{number}期", "customer": customer, "stage": 2}
    return Filed(unit=unit, body=body)


def _varied(details: Json, reference: str) -> Json:
    """`details` with the first text of its own: no two documents are alike."""
    field = next((key for key in TEXTS if isinstance(details.get(key), str)), None)
    return {**details, field: f"{details[field]}（{reference}）"} if field else details


def _pursued(given: Any, unit: str, number: int) -> Any:
    """Customers and tenders that no other unit pursues: what a clash costs is not measured here."""
    if isinstance(given, dict):
        return {key: _pursued(value, unit, number) for key, value in given.items()}
    if isinstance(given, list):
        return [_pursued(value, unit, number) for value in given]
    return _own(given, unit, number) if given in (CUSTOMER, TENDER) else given


def _own(text: str, unit: str, number: int) -> str:
    return f"{text}-{unit}-{number}"


def _dated(details: Json, reference: str) -> Json:
    """Each request's appointments at a time of their own: nobody is in two places at once."""
    shift = APART * int("".join(filter(str.isdigit, reference)))
    return {key: _moved(value, shift) if isinstance(value, dict) and "end" in value else value for key, value in details.items()}


def _moved(window: Json, shift: timedelta) -> Json:
    return {**window, **{edge: (datetime.fromisoformat(window[edge]) + shift).isoformat() for edge in ("start", "end")}}


def _evidence(evidence: Sequence[Json], unit: str, opportunity: int) -> list[Json]:
    """The survey of this opportunity where an earlier request is named."""
    named = {"business_unit": unit, "system": SYSTEM, "reference": f"S-{opportunity}"}
    return [{**piece, "value": named} if piece["kind"] == "earlier_request" else piece for piece in evidence]
