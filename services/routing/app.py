"""Builds routing: settings → ledger → broker → HTTP. Nothing happens on import."""

from collections.abc import Sequence
from pathlib import Path

from fastapi import FastAPI

from services.routing.api import work_routes
from services.routing.domain import RoutingDomain
from services.routing.policy import load_policy
from services.routing.projection import MongoSeats, Projection
from services.routing.settings import RoutingSettings
from services.routing.surroundings import RoutingSurroundings
from shared.ledger.messages import Woken
from shared.schemas.topics import REQUEST_TOPICS
from shared.service.application import application, run
from shared.service.parts import Parts


def build_app(settings: RoutingSettings) -> FastAPI:
    """The whole of routing as one application."""
    policy = load_policy(Path(settings.routing_policy)) if settings.routing_policy else load_policy()
    parts = Parts.build(settings)
    projection = Projection(parts.database["requests"])
    seats = MongoSeats(parts.database["seats"], policy.assignment)
    surroundings = RoutingSurroundings(
        clock=parts.clock, people=parts.people, packs=parts.packs, policy=policy, seats=seats, requests=projection
    )
    room = parts.room("requests", RoutingDomain(), surroundings, REQUEST_TOPICS["routing"])

    async def wake(subjects: Sequence[str], reason: str) -> None:
        await room.ledger.apply([Woken(subject=subject, reason=reason) for subject in subjects])

    surroundings.wake = wake
    parts.people.on_change(surroundings.people_changed)
    return application(
        parts,
        rooms={"requests": room},
        workers=[parts.worker(room)],
        subscriptions=[parts.hears(room, "intake")],
        routers=[work_routes(room.desk, projection, parts.clock, parts.auth.needs("requests:read"), parts.keys)],
        prepare=[projection.prepare, seats.prepare],
        loops=[surroundings.sweep],
        restored=[surroundings.restore],
    )


def main() -> None:
    """Run routing as the environment says."""
    run(lambda: RoutingSettings.read("routing"), build_app)


if __name__ == "__main__":
    main()
