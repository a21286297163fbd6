"""What makes two requests the same pursuit: tender numbers and customers' names as they are compared. Pure.

Invariant: what is returned here is compared under a key and never kept or said.
"""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice

from services.routing.domain.spellings import (
    ACTS,
    ACTS_IN_ENGLISH,
    AGAIN,
    BRANCHES,
    COMPANIES,
    COMPANIES_IN_ENGLISH,
    LABEL_ALONE,
    LABELS,
    LABELS_BEFORE_COLON,
    LABELS_END,
    LABELS_END_IN_ENGLISH,
    LABELS_IN_ENGLISH,
    NUMERALS,
    ORDINALS,
    PLACES,
    SHARED_PLACES,
)
from shared.schemas.clashes import ClashKind
from shared.schemas.requests import Request

MARKS = r"[\W_]"
OPENED = r"(?<=[\s(\[{<【〔《])"
"""Between brackets, or after a blank: of a number itself it would be no part."""


def _any(words: Sequence[str]) -> str:
    return f"(?:{'|'.join(words)})"


LABEL = re.compile(
    rf"(?:(?:{_any(LABELS)}{MARKS}*)+{_any(LABELS_END)}|{LABEL_ALONE}"
    rf"|(?:{_any(LABELS_IN_ENGLISH)}{MARKS}*)*{_any(LABELS_END_IN_ENGLISH)}(?![a-z])"
    rf"|{_any(LABELS_BEFORE_COLON)}{MARKS}*:)(?=.*\d)",
    re.DOTALL,
)
ROUND = re.compile(
    rf"(?:(?<=[a-z0-9\W_])(?:第(?:[{NUMERALS}]{{1,3}}|\d{{1,2}})|[{NUMERALS}]{{1,3}}|{OPENED}\d{{1,2}})次{_any(ACTS)}?"
    rf"|(?<=[a-z0-9\W_])(?:{_any(AGAIN)}{_any(ACTS)}|重招)"
    rf"|{OPENED}(?:\d{{1,2}}(?:st|nd|rd|th)|{_any(ORDINALS)})(?:{MARKS}{{0,3}}{_any(ACTS_IN_ENGLISH)})?"
    rf"|{OPENED}round{MARKS}{{0,3}}\d{{1,2}})\Z"
)
"""At the end: the same tender, asked for once more."""
COUNTER = re.compile(r"(?<=\d)号\Z")
PLACE = re.compile(rf"(?<=..)(?<!{')(?<!'.join(SHARED_PLACES)}){_any(PLACES)}(?=..)")
CREDIT_CODE = re.compile(r"[0-9a-hj-npqrtuwxy]{2}\d{6}[0-9a-hj-npqrtuwxy]{10}", re.ASCII)
"""统一社会信用代码 (GB 32100), folded: the one customer number that is the same in every unit."""
SHORTEST = 2
LONGEST = 200
"""Characters: of what is longer neither words nor places are left out, whatever somebody sends."""
SHORTEST_TENDER = 4
SHORTEST_BEFORE_ROUND = 6
"""Characters of a number: of less, the round may be what tells it from others."""
MOST_TENDERS = 5
"""Of one request; its own comes before those that only its evidence names."""


@dataclass(frozen=True, order=True)
class Pursued:
    """One thing that a request pursues, in the form that is compared."""

    kind: ClashKind
    text: str


def pursued(request: Request) -> frozenset[Pursued]:
    """Everything by which another unit's request may be the same pursuit."""
    numbers = dict.fromkeys(number for given in _tenders(request) if (number := tender(given)))
    found = {Pursued("tender", number) for number in islice(numbers, MOST_TENDERS)}
    if request.opportunity is not None:
        family, customer = request.type.partition(".")[0], request.opportunity.customer
        known = {name for name in (company(customer.name), credit_code(customer.id)) if name}
        found |= {Pursued("customer", f"{family}|{name}") for name in known}
    return frozenset(found)


def company(name: str) -> str:
    """A name without what varies in writing: width, case, marks, blanks, the form of the company at its end, 省 and 市 after a place."""
    words = "".join(char if char.isalnum() else " " for char in _folded(name)).split()
    while len(words) > 1 and words[-1] in COMPANIES_IN_ENGLISH:
        words.pop()
    text = "".join(words)
    while (shorter := _without_place(_without_form(text))) != text:
        text = shorter
    return text


def tender(number: str) -> str:
    """A tender's number without marks, blanks, the words before it and the round after it; empty when too little is left."""
    text = _folded(number)
    text = _bare(_without_words(_trimmed(text)) if len(text) <= LONGEST else text)
    return text if len(text) >= SHORTEST_TENDER and any(char.isdigit() for char in text) else ""


def credit_code(identity: str | None) -> str:
    """A customer's id where it is the national one; units' own numbers say nothing to others."""
    folded = _folded(identity or "").strip()
    return folded if CREDIT_CODE.fullmatch(folded) else ""


def _without_words(text: str) -> str:
    while label := LABEL.match(text):
        text = _trimmed(text[label.end() :])
    while (shorter := _without_round(text)) != text:
        text = shorter
    return text


def _without_round(text: str) -> str:
    shorter = _trimmed(ROUND.sub("", COUNTER.sub("", text)))
    return shorter if len(_bare(shorter)) >= SHORTEST_BEFORE_ROUND and any(map(str.isdigit, shorter)) else text


def _bare(text: str) -> str:
    return "".join(char for char in text if char.isalnum())


def _trimmed(text: str) -> str:
    """`text` from its first to its last letter or digit."""
    inner = [place for place, char in enumerate(text) if char.isalnum()]
    return text[inner[0] : inner[-1] + 1] if inner else ""


def _without_place(text: str) -> str:
    return PLACE.sub("", text) if len(text) <= LONGEST else text


def _without_form(text: str) -> str:
    if text.endswith(BRANCHES):
        return text
    form = next((form for form in COMPANIES if text.endswith(form)), "")
    return text.removesuffix(form) if len(text) - len(form) >= SHORTEST else text


def _tenders(request: Request) -> list[str]:
    """Every number that the request names, its own first."""
    of_price = request.details.get("tender")
    given = [
        request.opportunity.tender_no if request.opportunity else None,
        of_price.get("tender_no") if isinstance(of_price, dict) else None,
        *(one.value for one in request.evidence if one.kind == "tender_number"),
    ]
    return [one for one in given if isinstance(one, str)]


def _folded(text: str) -> str:
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
