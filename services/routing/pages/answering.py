"""Renders the page on which somebody answers a mail: values escaped, no script, and headers that let nothing in from elsewhere.

Invariant: every text of a person or a request goes through the template's escaping; the style is the one that the policy names.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import yaml
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from starlette.responses import HTMLResponse

from services.routing.domain.answering import Answer
from shared.http.pages import page_headers

FOLDER = Path(__file__).parent
STYLE = (FOLDER / "answering.css").read_text(encoding="utf-8")
WORDS: Mapping[str, Any] = yaml.safe_load((FOLDER / "answering.yaml").read_text(encoding="utf-8"))
LONGEST_TEXT = 2000
LONGEST_OPINION = 20_000
RATINGS = (1, 2, 3, 4, 5)
UNSEEN = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff\ud800-\udfff]")
"""What is not seen, and what reorders what is read: with it a name could rewrite the sentence that it stands in."""
HEADERS = {**page_headers(styles=[STYLE.encode()], posts=True), "Vary": "Accept-Language"}
Tone = Literal["", "fault", "good"]


@dataclass(frozen=True, kw_only=True)
class Notice:
    """What is so, and what to do; `quote` is what somebody wrote."""

    heading: str
    text: str
    tone: Tone = ""
    quote: str = ""


@dataclass(frozen=True, kw_only=True)
class Page:
    """One page. Without `offers` it only says something; `written` are the fields of a form that is to be corrected."""

    locale: str
    title: str
    lead: str = ""
    number: str = ""
    notice: Notice | None = None
    facts: Sequence[tuple[str, str]] = ()
    offers: Sequence[Answer] = ()
    seen: int = 0
    written: Mapping[str, str] = field(default_factory=dict)
    footer: str = ""


def words_of(locale: str) -> Mapping[str, Any]:
    """The words in `locale`, Chinese where there are none."""
    return WORDS[locale] if locale in WORDS else WORDS["zh"]  # type: ignore[no-any-return]


def response(page: Page, status: int, headers: Mapping[str, str] | None = None) -> HTMLResponse:
    """`page` as an answer over HTTP."""
    return HTMLResponse(
        rendered(page), status_code=status, headers={**HEADERS, **(headers or {}), "Content-Language": page.locale}
    )


def rendered(page: Page) -> str:
    """The whole document."""
    words = words_of(page.locale)
    facts = [{"label": words["facts"][name], "text": text} for name, text in page.facts if text]
    return _TEMPLATE.render(
        locale=page.locale,
        words=words,
        style=Markup(STYLE),  # noqa: S704  # our own file, and no element may end in it: a test looks
        title=page.title,
        lead=page.lead,
        number=page.number,
        notice=page.notice,
        facts=facts,
        offers=[_offer(answer, words, page) for answer in page.offers],
        seen=page.seen,
        rating=_rating(page.written),
        ratings=RATINGS,
        longest=LONGEST_OPINION if "approve" in page.offers else LONGEST_TEXT,
        footer=page.footer or words["footer_plain"],
    )


def _offer(answer: Answer, words: Mapping[str, Any], page: Page) -> Mapping[str, Any]:
    return {
        "answer": answer,
        "label": words["offers"][answer],
        "hint": words["hints"][answer],
        "caption": words["captions"][answer],
        "text": page.written.get(f"text_{answer}", ""),
        "chosen": page.written.get("answer") == answer or len(page.offers) == 1,
    }


def _rating(written: Mapping[str, str]) -> int:
    return next((number for number in RATINGS if written.get("rating") == str(number)), 0)


def _seen(value: object) -> object:
    """`value` without what is not seen, where it is plain text; lines stay."""
    return UNSEEN.sub(" ", value) if type(value) is str else value


_TEMPLATE = Environment(
    loader=FileSystemLoader(FOLDER),
    undefined=StrictUndefined,
    autoescape=True,
    finalize=_seen,
    trim_blocks=True,
    lstrip_blocks=True,
).get_template("answering.html.j2")
