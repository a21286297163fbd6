"""Looking after running services: say or ask for events again, see and retry what is parked, list dead letters, create topics."""

import asyncio
from pathlib import Path
from typing import Annotated
from urllib.parse import quote

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from infra.commands.ending import WRONGLY_ASKED, fail
from infra.commands.target import FOLDER, Target
from infra.topics import TopicError, create_topics
from shared.schemas.envelope import SOURCES

console = Console()
Folder = Annotated[Path, typer.Option(help="the local stack's folder")]
Service = Annotated[str, typer.Option(help="intake, routing, notify or documents; all when not given")]
Url = Annotated[str, typer.Option(help="the service's address instead of a local stack; its token is in BACKLINE_TOKEN")]


def add_to(app: typer.Typer) -> None:
    """replay, reconcile, parked, redrive, dead-letters, topics."""
    app.command()(replay)
    app.command()(reconcile)
    app.command()(parked)
    app.command()(redrive)
    app.command("dead-letters")(dead_letters)
    app.command()(topics)


def replay(folder: Folder = FOLDER, service: Service = "", url: Url = "") -> None:
    """Let services say all their events again; whoever heard them drops them. Ends with 1 when the broker did not take all."""
    unsaid = 0
    for name, target in _targets(folder, service, url):
        told = target.ask("POST", name, "/internal/replay")
        figures = [f"{ledger}: {said['events']} events of {said['subjects']}" for ledger, said in told.items()]
        console.print(f"{name} said again {'; '.join(figures)}", highlight=False)
        unsaid += sum(said.get("unsaid", 0) for said in told.values())
    if unsaid:
        console.print(f"{unsaid} events were not acknowledged by the broker; replay again", highlight=False)
        raise typer.Exit(1)


def reconcile(folder: Folder = FOLDER, service: Service = "", url: Url = "") -> None:
    """Let services ask the others for whatever they have not heard; repeating it is harmless."""
    for name, target in _targets(folder, service, url):
        lacking = target.ask("POST", name, "/internal/reconcile")
        figures = [f"{number} {what} of {source}" for what, told in lacking.items() for source, number in told.items()]
        console.print(f"{name} had not heard the last of: {', '.join(figures)}", highlight=False)


def parked(folder: Folder = FOLDER, service: Service = "", url: Url = "") -> None:
    """List the requests that are set aside, and why."""
    shown = Table("service", "request", "why", title="Set aside")
    for name, target in _targets(folder, service, url):
        for request, why in target.ask("GET", name, "/internal/parked"):
            shown.add_row(name, request, escape(why))
    console.print(shown if shown.row_count else "No request is set aside.")


def redrive(
    request: Annotated[str, typer.Argument(help="the request's id, from `backline parked`")],
    service: Annotated[str, typer.Option(help="where it is set aside")],
    folder: Folder = FOLDER,
    url: Url = "",
) -> None:
    """Try a parked request again, from the message that parked it; repeating it is harmless. Exit status 1: still parked."""
    ((name, target),) = _targets(folder, service, url)
    answer = target.ask("POST", name, f"/internal/parked/{quote(request, safe='')}/redrive")
    if why := answer["still_parked"].get(request):
        fail(f"{request} is still set aside in {name}: {why}")
    console.print(f"{request} goes on in {name}.", highlight=False)


def dead_letters(folder: Folder = FOLDER, service: Service = "", url: Url = "") -> None:
    """List records that name no request, newest first."""
    shown = Table("service", "record", "problem", "at", title="Dead letters")
    for name, target in _targets(folder, service, url):
        for entry in target.ask("GET", name, "/internal/dead-letters"):
            shown.add_row(name, *(escape(str(entry[key])) for key in ("_id", "problem", "at")))
    console.print(shown if shown.row_count else "There are no dead letters.")


def topics(
    broker: Annotated[str, typer.Argument(help="host:port")],
    replication: Annotated[int, typer.Option(min=1, help="on how many brokers each record is kept")] = 1,
) -> None:
    """Create every declared topic on a broker; what is there already is left as it is."""
    try:
        asyncio.run(create_topics(broker, replication))
    except TopicError as error:
        fail(str(error))
    console.print("All topics are there.")


def _targets(folder: Path, service: str, url: str) -> list[tuple[str, Target]]:
    """The services that were chosen, each with where it is."""
    if service and service not in SOURCES:
        fail(f"There is no service {service!r}; choose one of {', '.join(SOURCES)}.", WRONGLY_ASKED)
    if url and not service:
        fail("An address is one service's; name it with --service.", WRONGLY_ASKED)
    target = Target.chosen(folder, service, url)
    return [(name, target) for name in ([service] if service else SOURCES)]
