"""Which page somebody who comes by a link is shown, and under which status: a pure function of what was found."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from services.routing.domain import State
from services.routing.domain.answering import FOR_NOW, Answer, Standing, answer_of
from services.routing.pages.answering import Notice, Page, words_of
from shared.acting.links import Ask
from shared.calendar.spoken import spoken
from shared.catalogue import Pack
from shared.http.problems import Refused
from shared.schemas.envelope import Event
from shared.schemas.people import Directory, Person
from shared.schemas.requests import number_of

Shown = tuple[Page, int]
"""A page and its HTTP status."""
TITLES: Mapping[Answer, str] = {"approve": "opinion", "accept": "support", "confirm": "delivery"}
"""By the first answer that is offered."""


@dataclass(frozen=True, kw_only=True)
class Visit:
    """Whoever holds a link that is ours, what it asks, and the request as they may see it."""

    ask: Ask
    person: Person
    directory: Directory
    packs: Mapping[tuple[str, str], Pack]
    state: State

    @property
    def words(self) -> Mapping[str, Any]:
        """In the person's language."""
        return words_of(self.person.locale)


def bare(locale: str, title: str, said: str | None = None, status: int = 404) -> Shown:
    """A page that speaks of no request: `said` names the words, `title` their heading."""
    words = words_of(locale)
    what, todo = words[said or title]
    return Page(locale=locale, title=words["titles"][title], notice=Notice(heading=what, text=todo)), status


def refused(locale: str, error: Refused) -> Shown:
    """What is answered to a refusal that is no matter of the form."""
    words = words_of(locale)
    notice = Notice(heading=words["titles"]["standing"], text=error.refusal.message.by_locale(locale))
    return Page(locale=locale, title=words["titles"]["standing"], notice=notice), error.refusal.status


def form(visit: Visit, standing: Standing, fault: str = "", written: Mapping[str, str] | None = None, status: int = 200) -> Shown:
    """The answers that are offered; with a `fault`, what is to be corrected in what was `written`."""
    words = visit.words
    key = TITLES.get(standing.offers[0]) or ("coordinate" if visit.ask.purpose == "coordinate" else "seat")
    notice = Notice(heading=words["fault"], text=words["faults"].get(fault, fault), tone="fault") if fault else None
    page = Page(
        locale=visit.person.locale,
        title=words["titles"][key],
        lead=words["leads"][key].format(version=visit.state.version),
        number=number_of(visit.ask.request),
        notice=notice,
        facts=_facts(visit),
        offers=standing.offers,
        seen=visit.state.version,
        written=written or {},
        footer=_footer(visit, standing.holder),
    )
    return page, status


def stands(visit: Visit, standing: Standing, *, asked: bool) -> Shown:
    """Why nothing can be done; `asked` says that they tried. What passes is a conflict, what does not is gone."""
    what, todo = visit.words["standing"][standing.how]
    status = 409 if asked or standing.how in FOR_NOW else 410
    return _notice(visit, "standing", Notice(heading=what, text=todo)), status


def used(visit: Visit, events: Sequence[Event], answer: Answer | None) -> Shown:
    """What became of the link: to whom answers just so (200), to whom would answer otherwise (409), to whom looks (410)."""
    words, found = visit.words, answer_of(events)
    when = spoken(events[-1].time, locale=visit.person.locale, time_zone=visit.person.time_zone)
    if found is None:  # what a later release says
        return _notice(visit, "used", Notice(heading=words["titles"]["used"], text=words["used"].format(when=when))), 410
    said, data = found
    text = words["done"][said] + (words["rated"].format(rating=data["rating"]) if data.get("rating") else "")
    quote = str(data.get("reason") or data.get("note") or data.get("text") or "")
    quote = quote or "\n".join(str(one["text"]) for one in data.get("conditions", ()))
    if answer == said:
        return _notice(visit, "done", Notice(heading=words["done_heading"], text=text, tone="good", quote=quote)), 200
    notice = Notice(heading=text, text=words["used"].format(when=when), quote=quote)
    return _notice(visit, "used", notice), 410 if answer is None else 409


def over(visit: Visit) -> Shown:
    """The time of the link has passed."""
    what, todo = visit.words["over"]
    return _notice(visit, "over", Notice(heading=what, text=todo)), 410


def _notice(visit: Visit, title: str, notice: Notice) -> Page:
    return Page(
        locale=visit.person.locale,
        title=visit.words["titles"][title],
        number=number_of(visit.ask.request),
        notice=notice,
        facts=_facts(visit),
    )


def _facts(visit: Visit) -> tuple[tuple[str, str], ...]:
    """What the mail showed of the request, as it is now."""
    request, locale = visit.state.request, visit.person.locale
    if request is None:
        return ()
    pin, opportunity = visit.state.policy, request.opportunity
    pack = visit.packs.get((pin.name, pin.version)) if pin else None
    kind = pack.types.get(request.type) if pack else None
    unit = visit.directory.units.get(request.business_unit)
    needed = spoken(request.needed_by, locale=locale, time_zone=visit.person.time_zone) if request.needed_by else ""
    return (
        ("type", kind.name(locale) if kind else request.type),
        ("customer", (opportunity.customer.name or "") if opportunity else ""),
        ("opportunity", (opportunity.name or "") if opportunity else ""),
        ("needed_by", needed),
        ("requester", _name(request.requester.id, visit.directory)),
        ("unit", unit.name.by_locale(locale) if unit else request.business_unit),
    )


def _footer(visit: Visit, holder: str | None) -> str:
    words, person = visit.words, visit.person
    until = spoken(datetime.fromtimestamp(visit.ask.until, UTC), locale=person.locale, time_zone=person.time_zone)
    behalf = words["behalf"].format(holder=_name(holder, visit.directory)) if holder else ""
    return str(words["footer"].format(person=person.name, behalf=behalf, until=until))


def _name(identity: str, directory: Directory) -> str:
    known = directory.people.get(identity)
    return known.name if known else identity
