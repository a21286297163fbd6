"""Builds notify: settings → ledger → channels → broker → HTTP. Nothing happens on import."""

from datetime import timedelta
from pathlib import Path

import httpx
from fastapi import FastAPI

from services.notify.api import resolving_routes, routes
from services.notify.channels.mail import Sender
from services.notify.channels.smtp import Mailer, SmtpServer
from services.notify.channels.webhook import Subscription as Hook
from services.notify.channels.webhook import Webhooks
from services.notify.channels.wecom import ChatRooms, WeCom
from services.notify.domain import NotifyDomain
from services.notify.effects import Effects
from services.notify.policy import load_policy
from services.notify.projection import MongoProjection
from services.notify.rendering.labels import labels_of
from services.notify.rendering.renderer import Renderer
from services.notify.rendering.view import Links
from services.notify.settings import NotifySettings
from services.notify.surroundings import NotifySurroundings
from shared.catalogue import load_packs
from shared.http.auth import Authenticator, check_bind
from shared.http.server import create_app, serve
from shared.ledger.worker import Worker
from shared.messaging.consumer import Subscription
from shared.schemas.topics import REQUEST_TOPICS
from shared.service.internal import feed, internal_routes
from shared.service.parts import Parts
from shared.service.process import Process
from shared.telemetry import logging
from shared.telemetry.build import ensure_fast
from shared.telemetry.health import Health

SLOTS = 32


def build_app(settings: NotifySettings) -> FastAPI:
    """The whole of notify as one application."""
    check_bind(settings.host, settings.environment, settings.keys_file, service_token=settings.service_token)
    ensure_fast(settings.environment)
    parts = Parts.build(settings)
    surroundings = NotifySurroundings(
        clock=parts.clock, rooms=frozenset(settings.chat_rooms), subscribers=tuple(sorted(settings.webhooks))
    )
    room = parts.room("requests", NotifyDomain(load_policy()), surroundings, REQUEST_TOPICS["notify"])
    outside = httpx.AsyncClient(follow_redirects=False)
    mailer = Mailer(_smtp_server(settings))
    effects = _effects(settings, parts, mailer, outside)
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
                effects=effects.by_kind,
                ask=feed(parts.http, settings.url_of),
                slots=SLOTS,
                lease=timedelta(seconds=settings.lease_seconds),
            ),
        ],
        subscriptions=(
            Subscription(
                topics=tuple(REQUEST_TOPICS[source] for source in ("intake", "routing", "documents")),
                handle=room.hearing.handle,
                group="backline.notify",
            ),
        ),
        health=health,
        closing=(mailer.close, outside.aclose),
    )
    routers = (
        routes(MongoProjection(parts.database["requests"]), auth.principal),
        resolving_routes(room.desk, parts.clock, auth.service),
        internal_routes(
            ledgers={"requests": room.ledger},
            stores={"requests": room.store},
            dead_letters=parts.dead_letters,
            authorised=auth.service,
        ),
    )
    return create_app(service="notify", health=health, lifespan=process.lifespan, routers=routers)


def _smtp_server(settings: NotifySettings) -> SmtpServer:
    return SmtpServer(
        host=settings.smtp_host,
        port=settings.smtp_port,
        security=settings.smtp_security,
        username=settings.smtp_username,
        password=settings.smtp_password.get_secret_value() if settings.smtp_password else None,
    )


def _effects(settings: NotifySettings, parts: Parts, mailer: Mailer, outside: httpx.AsyncClient) -> Effects:
    packs = load_packs(Path(settings.policy_root)) if settings.policy_root else load_packs()
    return Effects(
        directory=lambda: parts.people.directory,
        renderer=Renderer(
            labels_of=labels_of(packs), links=Links(request=settings.link_request, document=settings.link_document)
        ),
        sender=Sender(address=settings.mail_from, name=settings.mail_name, domain=settings.mail_from.rsplit("@", 1)[-1]),
        mails=mailer,
        chats=ChatRooms(WeCom(url=settings.chat_url, rooms=settings.chat_rooms), outside),
        hooks=Webhooks({name: Hook(**hook) for name, hook in settings.webhooks.items()}, outside),
        clock=parts.clock,
    )


def main() -> None:
    """Run notify as the environment says."""
    settings = NotifySettings.read("notify")
    logging.configure(settings.service, settings.log)
    serve(lambda: build_app(settings), settings.host, settings.port)


if __name__ == "__main__":
    main()
