"""Builds documents: settings → ledger → renderer → broker → HTTP. Nothing happens on import."""

from datetime import timedelta
from pathlib import Path

from fastapi import FastAPI

from services.documents.api import document_routes
from services.documents.domain import RENDER, DocumentsDomain
from services.documents.effects import HttpIntake, Rendering
from services.documents.projection import Projection
from services.documents.rendering.children import Children
from services.documents.surroundings import DocumentsSurroundings
from shared.catalogue import load_packs
from shared.http.auth import Authenticator, check_bind
from shared.http.server import create_app, serve
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
    """The whole of documents as one application."""
    check_bind(settings.host, settings.environment, settings.keys_file, service_token=settings.service_token)
    ensure_fast(settings.environment)
    parts = Parts.build(settings)
    packs = load_packs(Path(settings.policy_root)) if settings.policy_root else load_packs()
    projection = Projection(parts.database["requests"])
    surroundings = DocumentsSurroundings(clock=parts.clock, packs=packs, surveys=projection)
    room = parts.room("requests", DocumentsDomain(), surroundings, REQUEST_TOPICS["documents"])
    children = Children()
    rendering = Rendering(
        intake=HttpIntake(parts.http, settings.intake_url),
        files=parts.blobs,
        renderer=children,
        directory=lambda: parts.people.directory,
        policy_root=settings.policy_root,
    )
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
        workers=[
            Worker(
                room.ledger,
                room.desk,
                effects={RENDER: rendering.perform},
                ask=feed(parts.http, settings.url_of),
                slots=2,
                lease=timedelta(seconds=settings.lease_seconds),
            )
        ],
        subscriptions=(
            Subscription(
                topics=(REQUEST_TOPICS["intake"], REQUEST_TOPICS["routing"]),
                handle=room.hearing.handle,
                group="backline.documents",
            ),
        ),
        health=health,
        prepare=(projection.prepare,),
        closing=(children.close,),
    )
    routers = (
        document_routes(projection, parts.blobs, auth.principal),
        internal_routes(
            ledgers={"requests": room.ledger},
            stores={"requests": room.store},
            dead_letters=parts.dead_letters,
            authorised=auth.service,
        ),
    )
    return create_app(service="documents", health=health, lifespan=process.lifespan, routers=routers)


def main() -> None:
    """Run documents as the environment says."""
    settings = Settings.read("documents")
    logging.configure(settings.service, settings.log)
    serve(lambda: build_app(settings), settings.host, settings.port)


if __name__ == "__main__":
    main()
