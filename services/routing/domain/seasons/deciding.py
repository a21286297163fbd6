"""Seasons are declared, changed, ended and withdrawn; that one begins and ends is said once, whenever we come to it. Pure.

Invariant: of each unit at most one season is in effect at a time, and each is said to begin, and to end, once;
no end is before its start, also when the clock goes back.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from pydantic import BaseModel

from services.routing.domain.hours import PLAIN_ZONE
from services.routing.domain.seasons import refusals
from services.routing.domain.seasons.rules import SeasonRules
from services.routing.domain.seasons.state import Kept, Seasons
from shared.ledger.messages import NOTHING, Decision, Message, Refusal, Told, Woken
from shared.schemas.envelope import Event, Source
from shared.schemas.model import Json
from shared.schemas.people import Directory
from shared.schemas.registry import MODELS
from shared.schemas.seasons import (
    Season,
    SeasonBegan,
    SeasonChanged,
    SeasonDeclared,
    SeasonEnded,
    SeasonFigures,
    SeasonWithdrawn,
)

OPERATOR = "service:"
"""Who asks in the name of one of our own services begins so."""
MOST_TOLD = 500


@dataclass(frozen=True, kw_only=True)
class SeasonContext:
    """The moment, the people, and what the policy says of seasons."""

    now: datetime
    directory: Directory
    rules: SeasonRules


class SeasonDomain:
    """The Domain of the one entry that holds all seasons.

    Commands: declare {id, name, business_unit, from, to, figures}, change {id, …}, end {id}, withdraw {id}; all with by and reason.
    """

    source: Source = "routing"
    hears: frozenset[Source] = frozenset()
    state = Seasons
    schema = 1

    def decide(self, state: Seasons, message: Message, context: SeasonContext) -> Decision:
        """What was due is said first, so that whatever is wished is judged by what is."""
        due = _due(state, context)
        match message:
            case Woken():
                return Decision(facts=due) if due else NOTHING
            case Told(name=name, data=data) if name in COMMANDS:
                so_far = state
                for fact in due:
                    so_far = _evolved(so_far, fact, context.now)
                wished = COMMANDS[name](so_far, data, context)
                if isinstance(wished, Refusal):
                    return Decision(refusal=wished)
                after = so_far
                for fact in wished:
                    after = _evolved(after, fact, context.now)
                return Decision(facts=(*due, *wished, *_due(after, context)))
            case _:
                return NOTHING

    def evolve(self, state: Seasons, event: Event) -> Seasons:
        """The state after `event`."""
        model = MODELS.get(event.type)
        return _evolved(state, event.read_as(model), event.time) if model else state

    def wake_at(self, state: Seasons) -> datetime | None:
        """When the next season begins or ends."""
        return min((at for one in state.seasons if (at := one.next_at)), default=None)

    def upcast(self, document: dict[str, object], _schema: int) -> dict[str, object]:
        """There is only one schema yet."""
        return document

    def comparable(self, state: Seasons) -> Seasons:
        """Nobody is heard."""
        return state


def _evolved(state: Seasons, fact: BaseModel, at: datetime) -> Seasons:
    match fact:
        case SeasonDeclared(season=season, by=by, reason=reason):
            return state.with_one(Kept(**dict(season), by=by, reason=reason, declared_at=at))
        case SeasonChanged(season=season):
            return _with(state, season, {})
        case SeasonBegan(season=season):
            return _with(state, season, {"began": True})
        case SeasonEnded(season=season):
            return _with(state, season, {"over": "ended"})
        case SeasonWithdrawn(season=season):
            return _with(state, season, {"over": "withdrawn"})
        case _:
            return state


def _with(state: Seasons, season: Season, more: Json) -> Seasons:
    known = state.get(season.id)
    return state.with_one(known.model_copy(update={**dict(season), **more})) if known else state


def _due(state: Seasons, context: SeasonContext) -> tuple[BaseModel, ...]:
    """What has begun or ended and was not said yet, in the order of time; also when both lie behind us."""
    found: list[tuple[datetime, int, BaseModel]] = []
    for place, one in enumerate(state.seasons):
        if one.over is not None:
            continue
        told = concerned(one.business_unit, context)
        if not one.began and one.starts <= context.now:
            found.append((one.starts, place, SeasonBegan(season=one.plain, told=told)))
        if one.ends <= context.now:
            found.append((one.ends, place, SeasonEnded(season=one.plain, cause="time", told=told)))
    return tuple(fact for _, _, fact in sorted(found, key=lambda one: one[:2]))


def concerned(unit: str | None, context: SeasonContext) -> tuple[str, ...]:
    """The leaders and coordinators of the unit, or of all."""
    found = (
        person.id
        for role in context.rules.tell
        for person in context.directory.holders(role)
        if unit in {None, person.business_unit}
    )
    return tuple(dict.fromkeys(found))[:MOST_TOLD]


# -- what people wish

Wished = Sequence[BaseModel] | Refusal


def _declared(state: Seasons, data: Json, context: SeasonContext) -> Wished:
    unit = data.get("business_unit")
    if refused := _may(data, unit, context):
        return refused
    if sum(one.over is None and one.business_unit == unit for one in state.seasons) >= context.rules.most_open:
        return refusals.too_many(context.rules)
    figures = _figures(context.rules.figures, data.get("figures") or {}, context.rules)
    if isinstance(figures, Refusal):
        return figures
    span = _span(data.get("from"), data.get("to"), unit, context)
    if isinstance(span, Refusal):
        return span
    starts, ends = span
    if starts < context.now - context.rules.tolerance:
        return refusals.in_the_past(context.rules)
    if starts > context.now + context.rules.ahead:
        return refusals.too_far(context.rules)
    season = Season(id=str(data["id"]), name=str(data["name"]), business_unit=unit, starts=starts, ends=ends, figures=figures)
    refused = _beside(state, season, context)
    return refused or (SeasonDeclared(season=season, by=str(data["by"]), reason=str(data.get("reason") or "")),)


def _changed(state: Seasons, data: Json, context: SeasonContext) -> Wished:
    known = _known(state, data, context)
    if isinstance(known, Refusal):
        return known
    figures = _figures(known.figures, data.get("figures") or {}, context.rules)
    if isinstance(figures, Refusal):
        return figures
    given = {"from": known.starts.isoformat(), "to": known.ends.isoformat(), **data}
    span = _span(given["from"], given["to"], known.business_unit, context)
    if isinstance(span, Refusal):
        return span
    starts, ends = span
    if starts != known.starts:
        if known.began:
            return refusals.SEASON_BEGAN
        if starts < context.now - context.rules.tolerance:
            return refusals.in_the_past(context.rules)
        if starts > context.now + context.rules.ahead:
            return refusals.too_far(context.rules)
    name = str(data.get("name") or known.name)
    season = known.plain.model_copy(update={"name": name, "starts": starts, "ends": ends, "figures": figures})
    if season == known.plain:
        return ()
    told = concerned(known.business_unit, context) if known.began else ()
    changed = SeasonChanged(season=season, by=str(data["by"]), reason=str(data.get("reason") or ""), told=told)
    return _beside(state, season, context) or (changed,)


def _ended(state: Seasons, data: Json, context: SeasonContext) -> Wished:
    known = _known(state, data, context)
    if isinstance(known, Refusal):
        return known
    if not known.began:
        return refusals.SEASON_NOT_BEGUN
    season = known.plain.model_copy(update={"ends": max(known.starts, context.now)})
    told = concerned(known.business_unit, context)
    by, reason = str(data["by"]), str(data.get("reason") or "")
    return (SeasonEnded(season=season, cause="person", by=by, reason=reason, told=told),)


def _withdrawn(state: Seasons, data: Json, context: SeasonContext) -> Wished:
    known = _known(state, data, context)
    if isinstance(known, Refusal):
        return known
    if known.began:
        return refusals.SEASON_BEGAN
    return (SeasonWithdrawn(season=known.plain, by=str(data["by"]), reason=str(data.get("reason") or "")),)


COMMANDS = {"declare": _declared, "change": _changed, "end": _ended, "withdraw": _withdrawn}


# -- what may be


def _known(state: Seasons, data: Json, context: SeasonContext) -> Kept | Refusal:
    """The season that is meant, if it is not over and the caller may touch it."""
    known = state.get(data.get("id"))
    if known is None:
        return refusals.UNKNOWN_SEASON
    if refused := _may(data, known.business_unit, context, known=True):
        return refused
    return refusals.SEASON_OVER if known.over is not None else known


def _may(data: Json, unit: str | None, context: SeasonContext, *, known: bool = False) -> Refusal | None:
    by = str(data["by"])
    person = context.directory.people.get(by)
    if not by.startswith(OPERATOR):
        roles = set(person.roles) if person is not None and person.active else set()
        own = person is not None and unit is not None and person.business_unit == unit
        if not (roles & {*context.rules.company_roles} or (own and roles & {*context.rules.unit_roles})):
            return refusals.NOT_SEASONAL
    return refusals.NO_SUCH_UNIT if not known and unit is not None and unit not in context.directory.units else None


def _beside(state: Seasons, season: Season, context: SeasonContext) -> Refusal | None:
    """Why the season cannot stand as it is, beside the others."""
    if season.ends <= max(season.starts, context.now):
        return refusals.ENDS_BEFORE_START
    if season.ends - season.starts > context.rules.longest:
        return refusals.too_long(season.ends - season.starts, context.rules)
    met = (one for one in state.seasons if one.id != season.id and one.meets(season.business_unit, season.starts, season.ends))
    other = next(met, None)
    return refusals.overlapping(other) if other else None


def _figures(before: SeasonFigures, given: Json, rules: SeasonRules) -> SeasonFigures | Refusal:
    """`before` with what is `given`, each within the policy's bounds."""
    figures = before.model_copy(update={name: value for name, value in given.items() if value is not None})
    for field, least, most in (
        ("cap_factor", 1.0, rules.bounds.cap_factor),
        ("cap_more", 0, rules.bounds.cap_more),
        ("lenders_keep", 0, rules.bounds.lenders_keep),
    ):
        if not least <= getattr(figures, field) <= most:
            return refusals.bad_figure(field, least, most)
    return figures


def _span(starts: object, ends: object, unit: str | None, context: SeasonContext) -> tuple[datetime, datetime] | Refusal:
    """Both moments in UTC. A date is a whole day in the unit's zone, the last one included."""
    known = context.directory.units.get(unit or "")
    zone = ZoneInfo(known.time_zone if known else PLAIN_ZONE)
    first, last = _moment(starts, zone, timedelta(0)), _moment(ends, zone, timedelta(days=1))
    if first is None:
        return refusals.bad_moment("from")
    if last is None:
        return refusals.bad_moment("to")
    return first, last


def _moment(given: object, zone: ZoneInfo, later: timedelta) -> datetime | None:
    text = str(given or "").strip()
    try:
        if len(text) == len("2027-03-01"):
            return datetime.combine(date.fromisoformat(text) + later, time(), zone).astimezone(UTC)
        moment = datetime.fromisoformat(text)
        return moment.astimezone(UTC) if moment.tzinfo is not None else None
    except (ValueError, OverflowError):
        return None
