"""What makes two requests the same pursuit: tender numbers and customers' names as they are compared. Pure.

Invariant: what is returned here is compared under a key and never kept or said.
"""

import re
import unicodedata
from dataclasses import dataclass
from itertools import islice

from shared.schemas.clashes import ClashKind
from shared.schemas.requests import Request

CHINESE = (
    "有限责任公司",
    "股份有限公司",
    "有限公司",
    "集团公司",
    "股份公司",
    "控股公司",
    "总公司",
    "公司",
    "股份",
    "集团",
    "控股",
)
"""What ends a company's name and is often left out; the longer first."""
BRANCHES = ("分公司", "子公司")
"""Another body than the company whose name it begins with."""
ENGLISH = frozenset(
    {"co", "ltd", "limited", "inc", "incorporated", "corp", "corporation", "company", "group", "holdings", "llc", "plc"}
)
LABELS = re.compile(r"^(招标编号|项目编号|招标文件编号|编号|tenderno|no)(?=.*\d)")
CREDIT_CODE = re.compile(r"[0-9a-hj-npqrtuwxy]{2}\d{6}[0-9a-hj-npqrtuwxy]{10}", re.ASCII)
"""统一社会信用代码 (GB 32100), folded: the one customer number that is the same in every unit."""
SHORTEST = 2
SHORTEST_TENDER = 4
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
    """A company's name without what varies in writing: width, case, marks, blanks, and the form of the company at its end."""
    words = "".join(char if char.isalnum() else " " for char in _folded(name)).split()
    while len(words) > 1 and words[-1] in ENGLISH:
        words.pop()
    text = "".join(words)
    while (shorter := _without_form(text)) != text:
        text = shorter
    return text


def tender(number: str) -> str:
    """A tender's number without marks, blanks and the word before it; empty when that leaves too little to be a number."""
    text = LABELS.sub("", "".join(char for char in _folded(number) if char.isalnum()))
    return text if len(text) >= SHORTEST_TENDER and any(char.isdigit() for char in text) else ""


def credit_code(identity: str | None) -> str:
    """A customer's id where it is the national one; units' own numbers say nothing to others."""
    folded = _folded(identity or "").strip()
    return folded if CREDIT_CODE.fullmatch(folded) else ""


def _without_form(text: str) -> str:
    if text.endswith(BRANCHES):
        return text
    form = next((form for form in CHINESE if text.endswith(form)), "")
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
