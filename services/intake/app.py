"""Builds intake: settings → ledgers → broker → HTTP. Nothing happens on import."""

from pathlib import Path

from fastapi import FastAPI

from services.intake.api import (
    attachment_routes,
    catalogue_routes,
    people_routes,
    personal_routes,
    reading_routes,
    submitting_routes,
)
from services.intake.domain import PeopleDomain, RequestDomain
from services.intake.inbound import Inbound
from services.intake.projection import Projection
from services.intake.reception import Reception
from services.intake.settings import IntakeSettings
from services.intake.surroundings import PeopleSurroundings, RequestSurroundings
from shared.catalogue import load_packs, newest
from shared.http.auth import Authenticator, check_bind
from shared.http.server import create_app, serve
from shared.ledger.worker import Worker
from shared.messaging.consumer import Subscription
from shared.schemas.topics import INBOUND, PEOPLE, REQUEST_TOPICS
from shared.service.internal import feed, internal_routes
from shared.service.parts import Parts
from shared.service.process import Process
from shared.telemetry import logging
from shared.telemetry.build import ensure_fast
from shared.telemetry.health import Health

LARGE_JSON = 64 * 1024 * 1024


def build_app(settings: IntakeSettings) -> FastAPI:
    """The whole of intake as one application."""
    check_bind(settings.host, settings.environment, settings.keys_file, service_token=settings.service_token)
    ensure_fast(settings.environment)
    parts = Parts.build(settings)
    packs = load_packs(Path(settings.policy_root)) if settings.policy_root else load_packs()
    current = newest(packs, settings.policy)
    projection = Projection(parts.database["requests"])
    surroundings = RequestSurroundings(clock=parts.clock, people=parts.people, packs=packs, current=current, requests=projection)
    requests = parts.room("requests", RequestDomain(), surroundings, REQUEST_TOPICS["intake"])
    people = parts.room("people_ledger", PeopleDomain(), PeopleSurroundings(parts.clock, parts.people), PEOPLE)
    reception = Reception(requests.desk, parts.clock)
    inbound = Inbound(reception, requests.hearing, parts.producer)
    auth = Authenticator(
        service_token=settings.service_token,
        environment=settings.environment,
        keys_file=settings.keys_file,
        directory=lambda: parts.people.directory,
    )
    ask = feed(parts.http, settings.url_of)
    health = Health()
    process = Process(
        parts,
        rooms=(requests, people),
        workers=[Worker(room.ledger, room.desk, effects={}, ask=ask) for room in (requests, people)],
        subscriptions=(
            Subscription(
                topics=tuple(REQUEST_TOPICS[source] for source in ("routing", "documents", "notify")),
                handle=requests.hearing.handle,
                group="backline.intake",
            ),
            Subscription(topics=(INBOUND,), handle=inbound.handle, group="backline.intake.inbound"),
        ),
        health=health,
        prepare=(projection.prepare,),
    )
    routers = (
        submitting_routes(reception, projection, auth.principal),
        reading_routes(projection, auth.principal),
        catalogue_routes(current, auth.principal),
        people_routes(people.desk, parts.people, parts.clock, auth.principal),
        attachment_routes(parts.blobs, auth.principal),
        personal_routes(projection, parts.blobs, packs, auth.service),
        internal_routes(
            ledgers={"requests": requests.ledger, "people": people.ledger},
            stores={"requests": requests.store, "people": people.store},
            dead_letters=parts.dead_letters,
            authorised=auth.service,
        ),
    )
    limits = {
        "/v1/requests:batch": settings.max_batch_bytes,
        "/v1/attachments": settings.max_attachment_bytes,
        "/v1/people:import": LARGE_JSON,
    }
    return create_app(service="intake", health=health, lifespan=process.lifespan, routers=routers, limits=limits)


def main() -> None:
    """Run intake as the environment says."""
    settings = IntakeSettings.read("intake")
    logging.configure(settings.service, settings.log)
    serve(lambda: build_app(settings), settings.host, settings.port)


if __name__ == "__main__":
    main()
