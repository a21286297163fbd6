"""Builds routing: settings → ledger → broker → HTTP. Nothing happens on import."""

from collections.abc import Sequence
from pathlib import Path
from zoneinfo import ZoneInfo

from fastapi import APIRouter, FastAPI

from services.routing.answers_read import AnswersRead
from services.routing.api import clash_routes, effort_routes, work_routes
from services.routing.api.answering import Door, answering_routes
from services.routing.api.bidding import bidding_routes
from services.routing.api.estimating import estimating_routes
from services.routing.api.free_busy import free_busy_routes
from services.routing.api.recalculating import recalculating_routes
from services.routing.api.seasons import Manner, season_routes
from services.routing.api.spending import spending_routes
from services.routing.api.telling import Teller
from services.routing.clash_guard import ClashGuard
from services.routing.clash_keys import ClashKeys
from services.routing.clash_store import MongoClashes
from services.routing.domain import RoutingDomain
from services.routing.domain.hours import Calendar
from services.routing.domain.leading import planners
from services.routing.domain.policy import RoutingPolicy
from services.routing.domain.seasons.deciding import SeasonDomain
from services.routing.domain.seasons.rules import SeasonRules
from services.routing.efforts_read import EffortsRead
from services.routing.estimator import Estimator
from services.routing.opening import ACTIONS, PARTS_AT_ONCE, Opening
from services.routing.policy import load_calendar, load_policy
from services.routing.projection import MongoSeats, Projection
from services.routing.seasons_kept import SeasonShelf, SeasonSurroundings
from services.routing.settings import RoutingSettings
from services.routing.spending_read import SpendingRead
from services.routing.surroundings import RoutingSurroundings
from shared.catalogue import Pack, newest
from shared.http.principal import Principal
from shared.ledger.messages import Woken
from shared.ledger.proving import Outside
from shared.schemas.topics import REQUEST_TOPICS, SEASONS
from shared.service.application import application, run
from shared.service.parts import LedgerRoom, Parts


def build_app(settings: RoutingSettings) -> FastAPI:
    """The whole of routing as one application."""
    policy = load_policy(Path(settings.routing_policy)) if settings.routing_policy else load_policy()
    calendar = load_calendar(policy, Path(settings.holidays)) if settings.holidays else load_calendar(policy)
    parts = Parts.build(settings)
    projection = Projection(parts.database["requests"])
    efforts = EffortsRead(parts.database["requests"])
    spending = SpendingRead(parts.database["requests"], parts.packs.values())
    seats = MongoSeats(parts.database["seats"], policy.assignment)
    clashes = MongoClashes(parts.database["clashes"])
    guard = _guard(settings, parts, projection, clashes)
    shelf = SeasonShelf(parts.database["seasons"], parts.clock, policy.season)
    surroundings = _surroundings(parts, policy, calendar, seats, projection, guard, shelf)
    outside = Outside(repeatable=frozenset(ACTIONS))  # told twice it is the same request, and amendment
    room = parts.room("requests", RoutingDomain(), surroundings, REQUEST_TOPICS["routing"], outside)
    seasons = _seasons(parts, surroundings, shelf)
    opening = Opening(parts.http, settings.intake_url)

    async def wake(subjects: Sequence[str], reason: str) -> None:
        await room.ledger.apply([Woken(subject=subject, reason=reason) for subject in subjects])

    surroundings.wake = wake
    if guard is not None:
        guard.tell = room.ledger.apply
    parts.people.on_change(surroundings.people_changed)
    return application(
        parts,
        rooms={"requests": room, "seasons": seasons},
        workers=[parts.worker(room, dict.fromkeys(ACTIONS, opening.perform), slots=PARTS_AT_ONCE), parts.worker(seasons)],
        subscriptions=[parts.hears(room, "intake")],
        routers=[
            *_routers(settings, parts, room, projection, efforts, surroundings),
            _season_routes(parts, seasons, shelf, policy.season),
            _spending(parts, calendar, spending),
            _estimating(parts, projection, surroundings, newest(parts.packs, settings.policy)),
        ],
        prepare=[projection.prepare, seats.prepare, efforts.prepare, spending.prepare, clashes.prepare],
        loops=[surroundings.sweep, *([guard.sweep] if guard else [])],
        restored=[surroundings.restore],
    )


def _surroundings(
    parts: Parts,
    policy: RoutingPolicy,
    calendar: Calendar,
    seats: MongoSeats,
    projection: Projection,
    guard: ClashGuard | None,
    shelf: SeasonShelf,
) -> RoutingSurroundings:
    return RoutingSurroundings(
        clock=parts.clock,
        people=parts.people,
        packs=parts.packs,
        policy=policy,
        calendar=calendar,
        seats=seats,
        requests=projection,
        clashes=guard,
        seasons=shelf,
    )


def _seasons(parts: Parts, surroundings: RoutingSurroundings, shelf: SeasonShelf) -> LedgerRoom:
    """The ledger of the seasons, with a topic of its own: whoever hears of requests hears nothing of them."""
    around = SeasonSurroundings(
        clock=parts.clock,
        people=parts.people,
        rules=surroundings.policy.season,
        shelf=shelf,
        better=surroundings.everybody_waiting,
    )
    return parts.room("seasons", SeasonDomain(), around, SEASONS)


def _season_routes(parts: Parts, seasons: LedgerRoom, shelf: SeasonShelf, rules: SeasonRules) -> APIRouter:
    manner = Manner(example=rules.example, usual=rules.figures)
    return season_routes(seasons.desk, shelf, manner, parts.clock, parts.auth.needs("requests:read"), parts.keys)


def _estimating(parts: Parts, projection: Projection, surroundings: RoutingSurroundings, pack: Pack) -> APIRouter:
    estimator = Estimator(facts=projection, surroundings=lambda: surroundings.context([]), pack=pack)
    return estimating_routes(estimator, parts.auth.needs("requests:read"))


def _spending(parts: Parts, calendar: Calendar, spending: SpendingRead) -> APIRouter:
    def zone(caller: Principal) -> ZoneInfo:
        return calendar.zone_of(caller.id if caller.kind == "person" else None, parts.people.directory)

    return spending_routes(spending, parts.auth.needs("requests:read"), zone)


def _routers(
    settings: RoutingSettings,
    parts: Parts,
    room: LedgerRoom,
    projection: Projection,
    efforts: EffortsRead,
    surroundings: RoutingSurroundings,
) -> list[APIRouter]:
    desk, pack = room.desk, newest(parts.packs, settings.policy)
    readers, clock, keys = parts.auth.needs("requests:read"), parts.clock, parts.keys
    bids = bidding_routes(projection, surroundings, pack, surroundings.policy.bidding, readers)
    return [
        work_routes(desk, projection, clock, readers, keys, lambda: surroundings.context([]), [bids]),
        clash_routes(desk, projection, clock, readers, keys),
        effort_routes(desk, projection, efforts, clock, readers, keys, planners(pack)),
        free_busy_routes(lambda: surroundings.context([]), pack.pool, readers),
        recalculating_routes(desk, parts.audit, clock, parts.auth.service),
        _answering(settings, parts, room, projection),
    ]


def _answering(settings: RoutingSettings, parts: Parts, room: LedgerRoom, projection: Projection) -> APIRouter:
    """The page behind the links in mails."""
    door = Door(
        links=settings.act_links,
        limits=parts.access.limits,
        directory=lambda: parts.people.directory,
        packs=parts.packs,
        clock=parts.clock,
    )
    return answering_routes(door, AnswersRead(projection, room.store), Teller(room.desk, parts.clock, parts.keys))


def _guard(settings: RoutingSettings, parts: Parts, projection: Projection, store: MongoClashes) -> ClashGuard | None:
    """What compares the units' pursuits, or nothing where there is no pepper."""
    pepper = settings.clash_key
    return ClashGuard(keys=ClashKeys(pepper), store=store, requests=projection, clock=parts.clock) if pepper else None


def main() -> None:
    """Run routing as the environment says."""
    run(lambda: RoutingSettings.read("routing"), build_app)


if __name__ == "__main__":
    main()
