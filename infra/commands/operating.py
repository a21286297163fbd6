"""Looking after a running stack: say events again, see and retry what is parked, list dead letters, create topics."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from infra.commands.target import FOLDER, Target, checked
from infra.topics import create_topics
from shared.schemas.envelope import SOURCES

console = Console()
Folder = Annotated[Path, typer.Option(help="the stack's folder")]
Service = Annotated[str, typer.Option(help="intake, routing, notify or documents; all when not given")]


def add_to(app: typer.Typer) -> None:
    """replay, parked, redrive, dead-letters, topics."""
    app.command()(replay)
    app.command()(parked)
    app.command()(redrive)
    app.command("dead-letters")(dead_letters)
    app.command()(topics)


def replay(folder: Folder = FOLDER, service: Service = "") -> None:
    """Let services say all their events again; whoever heard them drops them."""
    target = Target.at(folder)
    with target.client() as client:
        for name in _chosen(service):
            console.print(name, checked(client.post(f"{target.url(name)}/internal/replay")))


def parked(folder: Folder = FOLDER, service: Service = "") -> None:
    """List the requests that are set aside, and why."""
    target, shown = Target.at(folder), Table("service", "request", "why")
    with target.client() as client:
        for name in _chosen(service):
            for request, why in checked(client.get(f"{target.url(name)}/internal/parked")):
                shown.add_row(name, request, why)
    console.print(shown)


def redrive(request: str, service: Annotated[str, typer.Option()], folder: Folder = FOLDER) -> None:
    """Try a parked request again, from the message that parked it; repeating it is harmless."""
    target = Target.at(folder)
    with target.client() as client:
        console.print(checked(client.post(f"{target.url(_chosen(service)[0])}/internal/parked/{request}/redrive")))


def dead_letters(folder: Folder = FOLDER, service: Service = "") -> None:
    """List records that name no request, newest first."""
    target, shown = Target.at(folder), Table("service", "record", "problem", "at")
    with target.client() as client:
        for name in _chosen(service):
            for entry in checked(client.get(f"{target.url(name)}/internal/dead-letters")):
                shown.add_row(name, entry["_id"], entry["problem"], entry["at"])
    console.print(shown)


def topics(broker: Annotated[str, typer.Argument(help="host:port")], replication: int = 1) -> None:
    """Create every declared topic on a broker."""
    asyncio.run(create_topics(broker, replication))
    console.print("All topics are there.")


def _chosen(service: str) -> list[str]:
    if service and service not in SOURCES:
        typer.secho(f"There is no service {service!r}; choose one of {', '.join(SOURCES)}.", fg="red", err=True)
        raise typer.Exit(2)
    return [service] if service else list(SOURCES)
