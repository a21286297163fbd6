"""From a service's own rooms, work and routes to an application that runs: what is the same for every service."""

import sys
from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

from fastapi import APIRouter, FastAPI

from shared.http.server import create_app, serve
from shared.ledger.worker import Worker
from shared.messaging.consumer import Subscription
from shared.schemas.topics import PEOPLE
from shared.service.internal import internal_routes
from shared.service.parts import LedgerRoom, Parts
from shared.service.process import Close, Loop, Prepare, Process
from shared.service.rebuilding import rebuild_routes
from shared.service.recovery import recovery_routes
from shared.service.redriver import Redriver
from shared.service.redriving import dead_letter_routes, parked_routes
from shared.service.restoring import Finish, Restoring
from shared.service.settings import Settings, SettingsError
from shared.telemetry import logging
from shared.telemetry.health import Health

S = TypeVar("S", bound=Settings)
WRONG_SETTINGS = 2
"""The exit status of a service that cannot start with its settings."""


def application(
    parts: Parts,
    *,
    rooms: Mapping[str, LedgerRoom],
    workers: Sequence[Worker],
    subscriptions: Sequence[Subscription],
    routers: Sequence[APIRouter],
    prepare: Sequence[Prepare] = (),
    loops: Sequence[Loop] = (),
    closing: Sequence[Close] = (),
    limits: Mapping[str, int] | None = None,
    restored: Sequence[Finish] = (),
) -> FastAPI:
    """One service over `parts`.

    `rooms` are its ledgers by name; others hear the events of the one called "requests". `prepare` runs once before any
    work, `loops` as long as the service does, `closing` after its work has been drained. `limits` maps path prefixes to
    the largest body in bytes. `restored` runs at the end of a restore (docs/decisions/0016).
    """
    health = Health()
    process = Process(
        parts,
        rooms=tuple(rooms.values()),
        workers=workers,
        subscriptions=subscriptions,
        health=health,
        prepare=prepare,
        loops=loops,
        closing=closing,
    )
    app = create_app(
        service=parts.settings.service,
        health=health,
        lifespan=process.lifespan,
        routers=(*routers, internal_routes(rooms, parts.auth.service), *_operators_routes(parts, rooms, subscriptions)),
        limits=limits,
    )
    app.state.stopping = (*app.state.stopping, process.stop_taking)
    app.state.restoring = Restoring(parts, rooms, (*prepare, *restored))
    return app


def _operators_routes(
    parts: Parts, rooms: Mapping[str, LedgerRoom], subscriptions: Sequence[Subscription]
) -> tuple[APIRouter, ...]:
    """Replay and reconciliation, rebuilds, parked requests and dead letters."""
    handlers = {topic.name: subscription.handle for subscription in subscriptions for topic in subscription.topics}
    redriver = Redriver(parts.dead_letters, {PEOPLE.name: parts.people.handle, **handlers}, parts.clock)
    authorised = parts.auth.service
    reconcilers = {"directory": parts.people_reconciler, **{name: room.reconciler for name, room in rooms.items()}}
    return (
        recovery_routes(rooms, reconcilers, parts.audit, parts.clock, authorised),
        rebuild_routes({name: room.rebuilder for name, room in rooms.items()}, parts.audit, authorised),
        parked_routes(rooms, parts.audit, authorised),
        dead_letter_routes(parts.dead_letters, redriver, parts.audit, authorised),
    )


def run(read: Callable[[], S], build_app: Callable[[S], FastAPI]) -> None:
    """Serve what `build_app` builds of the settings until a signal ends it; settings that are wrong end it with one line, and 2."""
    try:
        settings = read()
        logging.configure(settings.service, settings.log)
        serve(lambda: build_app(settings), settings.host, settings.port)
    except SettingsError as error:
        sys.stderr.write(" ".join(str(error).split()) + "\n")
        raise SystemExit(WRONG_SETTINGS) from None
