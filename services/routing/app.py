"""Builds routing: settings → ledger → broker → HTTP. Nothing happens on import."""

from collections.abc import Sequence
from pathlib import Path

from fastapi import FastAPI

from services.routing.api import work_routes
from services.routing.domain import RoutingDomain
from services.routing.projection import MongoSeats, Projection
from services.routing.surroundings import RoutingSurroundings
from shared.catalogue import load_packs
from shared.http.auth import Authenticator, check_bind
from shared.http.server import create_app, serve
from shared.ledger.messages import Woken
from shared.ledger.worker import Worker
from shared.messaging.consumer import Subscription
from shared.schemas.topics import REQUEST_TOPICS
from shared.service.internal import feed, internal_routes
from shared.service.parts import Parts
from shared.service.process import Process
from shared.service.settings import Settings
from shared.telemetry import logging
from shared.telemetry.build import ensure_fast
from shared.telemetry.health import Health


def build_app(settings: Settings) -> FastAPI:
    """The whole of routing as one application."""
    check_bind(settings.host, settings.environment, settings.keys_file, service_token=settings.service_token)
    ensure_fast(settings.environment)
    parts = Parts.build(settings)
    packs = load_packs(Path(settings.policy_root)) if settings.policy_root else load_packs()
    projection = Projection(parts.database["requests"])
    seats = MongoSeats(parts.database["seats"])
    surroundings = RoutingSurroundings(clock=parts.clock, people=parts.people, packs=packs, seats=seats, requests=projection)
    room = parts.room("requests", RoutingDomain(), surroundings, REQUEST_TOPICS["routing"])

    async def wake(subjects: Sequence[str], reason: str) -> None:
        await room.ledger.apply([Woken(subject=subject, reason=reason) for subject in subjects])

    surroundings.wake = wake
    parts.people.on_change(surroundings.people_changed)
    auth = Authenticator(
        service_token=settings.service_token,
        environment=settings.environment,
        keys_file=settings.keys_file,
        directory=lambda: parts.people.directory,
    )
    health = Health()
    process = Process(
        parts,
        rooms=(room,),
        workers=[Worker(room.ledger, room.desk, effects={}, ask=feed(parts.http, settings.url_of))],
        subscriptions=(Subscription(topics=(REQUEST_TOPICS["intake"],), handle=room.hearing.handle, group="backline.routing"),),
        health=health,
        prepare=(projection.prepare,),
        loops=(surroundings.sweep,),
    )
    routers = (
        work_routes(room.desk, projection, parts.clock, auth.principal),
        internal_routes(
            ledgers={"requests": room.ledger},
            stores={"requests": room.store},
            dead_letters=parts.dead_letters,
            authorised=auth.service,
        ),
    )
    return create_app(service="routing", health=health, lifespan=process.lifespan, routers=routers)


def main() -> None:
    """Run routing as the environment says."""
    settings = Settings.read("routing")
    logging.configure(settings.service, settings.log)
    serve(lambda: build_app(settings), settings.host, settings.port)


if __name__ == "__main__":
    main()
