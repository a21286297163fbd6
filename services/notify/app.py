"""Builds notify: settings → ledger → channels → broker → HTTP. Nothing happens on import."""

import httpx
from fastapi import FastAPI

from services.notify.api import resolving_routes, routes
from services.notify.callbacks import CHANNEL
from services.notify.channels.callback import Callbacks
from services.notify.channels.dialling import Dialler, trust
from services.notify.channels.endpoints import Endpoints
from services.notify.channels.mail import Sender
from services.notify.channels.robot import Allowance
from services.notify.channels.seen import Seen
from services.notify.channels.smtp import Mailer, SmtpServer
from services.notify.channels.webhook import Subscription as Hook
from services.notify.channels.webhook import Webhooks
from services.notify.channels.wecom import ChatRooms, WeCom
from services.notify.domain import NotifyDomain
from services.notify.effects import Effects
from services.notify.policy import load_policy
from services.notify.projection import MongoProjection
from services.notify.rendering.answering import Answering
from services.notify.rendering.labels import labels_of
from services.notify.rendering.renderer import Renderer
from services.notify.rendering.view import Console
from services.notify.rooms import Desks, Projections
from services.notify.seasons import SeasonNotices
from services.notify.settings import NotifySettings
from services.notify.state import awaited
from services.notify.surroundings import NotifySurroundings
from services.notify.undelivered import Undelivered
from services.notify.undelivered_api import undelivered_routes
from shared.callbacks.guard import Guard
from shared.http.bounded import BoundedClient
from shared.ledger.proving import Outside
from shared.messaging.consumer import Subscription
from shared.schemas.topics import REQUEST_TOPICS, SEASON_NOTIFICATIONS, SEASONS, SEASONS_GROUP
from shared.service.application import application, run
from shared.service.parts import LedgerRoom, Parts

DELIVERIES_AT_ONCE = 128
"""Under way: most wait for a write or for the mail server, and so many keep a core busy."""


def build_app(settings: NotifySettings) -> FastAPI:
    """The whole of notify as one application."""
    parts = Parts.build(settings)
    surroundings = NotifySurroundings(
        clock=parts.clock,
        rooms=frozenset(settings.chat_rooms),
        subscribers=tuple(sorted(settings.webhooks)),
        directory=lambda: parts.people.directory,
    )
    known = Outside(awaited=awaited, repeatable=frozenset({CHANNEL}))
    room = parts.room("requests", NotifyDomain(load_policy()), surroundings, REQUEST_TOPICS["notify"], known)
    seasons = _seasons(parts, surroundings)
    outside = BoundedClient(follow_redirects=False, limits=httpx.Limits(max_connections=None))
    mailer = Mailer(_smtp_server(settings))
    effects = _effects(settings, parts, mailer, outside)
    dialler = Dialler(Guard(settings.callback_rules), trust(settings.callback_ca_file))
    callbacks = _callbacks(settings, parts, room, dialler)
    undelivered = Undelivered(parts.database["requests"])
    return application(
        parts,
        rooms={"requests": room, "seasons": seasons},
        workers=[
            parts.worker(room, {**effects.by_kind, CHANNEL: callbacks.perform}, slots=DELIVERIES_AT_ONCE),
            parts.worker(seasons, effects.by_kind),
        ],
        subscriptions=[parts.hears(room, "intake", "routing", "documents"), _hearing(seasons)],
        routers=[
            routes(_reads(parts), parts.auth.needs("requests:read")),
            resolving_routes(Desks(room.desk, seasons.desk), parts.clock, parts.auth.service, parts.keys),
            undelivered_routes(
                undelivered, callbacks, room.desk, parts.people, parts.clock, parts.auth.needs("callbacks:manage")
            ),
        ],
        prepare=[undelivered.prepare],
        closing=[mailer.close, outside.aclose, dialler.close],
    )


def _reads(parts: Parts) -> Projections:
    return Projections(MongoProjection(parts.database["requests"]), MongoProjection(parts.database["seasons"]))


def _seasons(parts: Parts, surroundings: NotifySurroundings) -> LedgerRoom:
    """The ledger of what is told of seasons: it hears routing's ledger of seasons, and nobody hears it."""
    known = Outside(awaited=awaited, repeatable=frozenset({CHANNEL}))
    return parts.room("seasons", SeasonNotices(load_policy()), surroundings, SEASON_NOTIFICATIONS, known, hears="seasons")


def _hearing(seasons: LedgerRoom) -> Subscription:
    return Subscription(topics=(SEASONS,), handle=seasons.hearing.handle, group=SEASONS_GROUP)


def _smtp_server(settings: NotifySettings) -> SmtpServer:
    return SmtpServer(
        host=settings.smtp_host,
        port=settings.smtp_port,
        security=settings.smtp_security,
        connections=settings.smtp_connections,
        timeout=settings.smtp_timeout_seconds or min(SmtpServer.timeout, settings.lease_seconds / 2),
        username=settings.smtp_username,
        password=settings.smtp_password.get_secret_value() if settings.smtp_password else None,
    )


def _effects(settings: NotifySettings, parts: Parts, mailer: Mailer, outside: httpx.AsyncClient) -> Effects:
    return Effects(
        directory=lambda: parts.people.directory,
        renderer=Renderer(
            labels_of=labels_of(parts.packs),
            console=Console(address=settings.console_url),
            answering=Answering(address=settings.public_url, links=settings.act_links),
        ),
        sender=_sender(settings),
        mails=mailer,
        chats=ChatRooms(_chat_vendor(settings), outside),
        hooks=Webhooks({name: Hook(**hook) for name, hook in settings.webhooks.items()}, outside),
        clock=parts.clock,
    )


def _callbacks(settings: NotifySettings, parts: Parts, room: LedgerRoom, dialler: Dialler) -> Callbacks:
    return Callbacks(
        directory=lambda: parts.people.directory,
        dialler=dialler,
        endpoints=Endpoints(),
        tells=Seen(parts.http, settings.intake_url, room.desk, parts.clock),
        clock=parts.clock,
        master=settings.callback_master,
    )


def _sender(settings: NotifySettings) -> Sender:
    return Sender(
        address=settings.mail_from,
        name=settings.mail_name,
        domain=settings.mail_from.rsplit("@", 1)[-1],
        reply_to=settings.mail_reply_to or None,
    )


def _chat_vendor(settings: NotifySettings) -> WeCom:
    """Nobody waits for a robot so long that their lease may run out meanwhile: they would be in doubt about what was never said."""
    return WeCom(
        url=settings.chat_url, rooms=settings.chat_rooms, allowance=Allowance(patience=min(30.0, settings.lease_seconds / 2))
    )


def main() -> None:
    """Run notify as the environment says."""
    run(lambda: NotifySettings.read("notify"), build_app)


if __name__ == "__main__":
    main()
