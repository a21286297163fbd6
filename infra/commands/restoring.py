"""`backline restore`: one service, whose database was put back from a backup, takes up again what it has said since.

Invariant: it runs in the place of the service, with the service's own settings, and never beside it; broken off anywhere, running it
again ends with the same result.
"""

import asyncio
import json
import os
import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape

from infra.commands.ending import FAILED, WRONGLY_ASKED, fail
from infra.commands.moments import moment_of
from infra.commands.progress import progress
from infra.commands.services import As, Folder, acting
from infra.commands.target import FOLDER
from infra.embedded import Mongod
from infra.stack import SERVICE_TOKEN, UNITS
from shared.messaging.rereading import NotReadError
from shared.schemas.envelope import SOURCES
from shared.service.restoring import Restored, StillRunningError
from shared.service.settings import PREFIX, SettingsError
from shared.storage import PyMongoError, UnsafeDatabaseError
from shared.telemetry import logging

console = Console()
SHOWN = 200
SETTINGS = {
    "intake": ("services.intake.settings", "IntakeSettings"),
    "routing": ("services.routing.settings", "RoutingSettings"),
    "notify": ("services.notify.settings", "NotifySettings"),
}
COMMON = ("shared.service.settings", "Settings")
FILE = "stack.json"
BROKERS = re.compile(r"broker|kafka-\d+")


def add_to(app: typer.Typer) -> None:
    """restore."""
    app.command()(restore)


def restore(
    service: Annotated[str, typer.Argument(help="intake, routing, notify or documents; none of its processes may run")],
    since: Annotated[
        str, typer.Option(help="an ISO time with offset, before the backup was made: older records of its topics are not read")
    ] = "",
    folder: Folder = FOLDER,
    as_: As = "",
) -> None:
    """Let a service whose database was put back from a backup take up what it has said since. The service must not run meanwhile.

    It takes the service's own settings from the environment, or else those of the local stack in the folder. It may be broken off
    and repeated at any time. Exit status 1: something is left for a person, or the service must not be started yet.
    """
    if service not in SOURCES:
        fail(f"There is no service {service!r}; choose one of {', '.join(SOURCES)}.", WRONGLY_ASKED)
    moment, by = moment_of(since), acting(as_)
    environment, addresses = dict(os.environ), list[str]()
    if f"{PREFIX}MONGO_URI" not in environment:
        environment = {**local(folder), **environment}
        addresses = [*processes(folder, service), environment[f"{PREFIX}{service.upper()}_URL"]]
    try:
        restored = asyncio.run(_restored(service, environment, by, moment, addresses))
    except (SettingsError, UnsafeDatabaseError, StillRunningError) as error:
        fail(str(error), WRONGLY_ASKED)
    except (NotReadError, PyMongoError) as error:
        fail(f"{error}. Do not start {service}; running this command again is safe.")
    _show(service, restored)
    if restored.left:
        raise typer.Exit(FAILED)


def processes(folder: Path, service: str) -> list[str]:
    """The addresses of every process of `service` in the local stack in `folder`."""
    ports = _ports(folder)
    return [f"http://127.0.0.1:{port}" for name, port in ports.items() if re.fullmatch(rf"{service}-\d+", name)]


def local(folder: Path) -> dict[str, str]:
    """What the services of the local stack in `folder` are told of it."""
    ports = _ports(folder)
    try:
        return {
            **{f"{PREFIX}{name.upper()}_URL": f"http://127.0.0.1:{ports[f'{name}-1']}" for name in SOURCES},
            f"{PREFIX}MONGO_URI": Mongod(folder.absolute(), ports["mongod"]).uri,
            f"{PREFIX}BROKER": ",".join(f"127.0.0.1:{port}" for name, port in ports.items() if BROKERS.fullmatch(name)),
            f"{PREFIX}ENVIRONMENT": "development",
            f"{PREFIX}SERVICE_TOKEN": SERVICE_TOKEN,
            f"{PREFIX}CHAT_ROOMS": json.dumps({unit: f"room-{unit}" for unit in UNITS}),
        }
    except KeyError as error:
        fail(f"{folder / FILE} names no port of {error}.")


def _ports(folder: Path) -> dict[str, int]:
    file = folder / FILE
    try:
        ports = json.loads(file.read_text(encoding="utf-8"))["ports"]
        return {str(name): int(port) for name, port in ports.items()}
    except FileNotFoundError:
        fail(f"There is no stack in {folder}, and {PREFIX}MONGO_URI is not set: give the service's own settings.", WRONGLY_ASKED)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        fail(f"{file} cannot be read ({type(error).__name__}).")


async def _restored(
    service: str, environment: Mapping[str, str], by: str, since: datetime | None, addresses: Sequence[str]
) -> Restored:
    """`addresses` are asked whether a process of the service is there; without any, the one its settings name."""
    module, name = SETTINGS.get(service, COMMON)
    settings = getattr(import_module(module), name).read(service, environment)
    logging.configure(service, settings.log)
    app: Any = import_module(f"services.{service}.app").build_app(settings)
    shown = _Shown()
    try:
        restored: Restored = await app.state.restoring.run(by, since, shown.tell, addresses)
    finally:
        shown.close()
    return restored


class _Shown:
    """How far it has come, one thing after the other."""

    def __init__(self) -> None:
        self._what = ""
        self._open: Any = None
        self._advance: Any = None

    def tell(self, what: str, done: int, total: int) -> None:
        if what != self._what:
            self.close()
            self._what, self._open = what, progress(what, total)
            self._advance = self._open.__enter__()
        self._advance.by(done - self._advance.done)

    def close(self) -> None:
        if self._open is not None:
            self._open.__exit__(None, None, None)
            self._open = None


def _show(service: str, restored: Restored) -> None:
    """A line for each item in doubt and each request that is left, with ids that can be copied; then the figures."""
    for ledger, one in restored.rows[:SHOWN]:
        lines = [f"item {item} is in doubt" for item in one.doubts] + ([f"{one.end}: {one.why}"] if one.why else [])
        for line in lines:
            console.print(escape(f"{ledger} {one.subject}: {line}"), highlight=False, soft_wrap=True)
    if len(restored.rows) > SHOWN:
        console.print(f"… and {len(restored.rows) - SHOWN} more.", highlight=False)
    aside = sum(one.end == "set aside" for _, one in restored.rows)
    unfinished = sum(one.end not in {"set aside", "restored", "as it was"} for _, one in restored.rows)
    figures = f"{restored.events} events of {restored.restored} taken up, {restored.doubts} in doubt, {aside} set aside"
    console.print(f"{service}: {figures}, {unfinished} not restored.", highlight=False, soft_wrap=True)
    console.print(_verdict(service, restored), highlight=False, soft_wrap=True)


def _verdict(service: str, restored: Restored) -> str:
    """Whether the service may be started."""
    if any(one.end == "not all read" for _, one in restored.rows):
        return f"Do not start {service}: the moment of --since is too late; run this again without it."
    if not restored.whole:
        return f"Do not start {service}: run this again until nothing is left that was not restored."
    if restored.unreadable:
        records = f"{restored.unreadable} records of its topics cannot be read and name no request of its own"
        return f"{records}: a number that stood in one may be said again. Only if that is bearable, {service} may be started."
    return f"{service} may be started."
