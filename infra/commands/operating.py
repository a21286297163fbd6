"""Looking after running services: say or ask for events again, page by page, and create the topics of a broker."""

import asyncio
import shlex
from collections import Counter
from typing import Annotated, NoReturn
from urllib.parse import urlencode

import typer
from rich.console import Console

from infra.commands.ending import WRONGLY_ASKED, fail
from infra.commands.moments import moment_of
from infra.commands.progress import progress
from infra.commands.securing import Units, security_of_environment, units_of
from infra.commands.services import As, Folder, Page, Service, Url, acting, chosen, pages
from infra.commands.target import FOLDER, Target
from infra.topics import TopicError, create_topics
from shared.messaging.security import SecurityError

console = Console()
DryRun = Annotated[bool, typer.Option("--dry-run", help="say how much there is, and do nothing")]


def add_to(app: typer.Typer) -> None:
    """replay, reconcile, topics."""
    app.command()(replay)
    app.command()(reconcile)
    app.command()(topics)


def replay(
    folder: Folder = FOLDER,
    service: Service = "",
    url: Url = "",
    since: Annotated[str, typer.Option(help="only what said something on that day (or at that ISO time) or later")] = "",
    request: Annotated[str, typer.Option(help="only this request (or person or unit, of intake)")] = "",
    cursor: Annotated[str, typer.Option(help="go on where an earlier run of one service had to stop")] = "",
    dry_run: DryRun = False,
    as_: As = "",
) -> None:
    """Let services say all their events again; whoever heard them drops them. It may be broken off and repeated at any time.

    Exit status 1: the broker did not take everything, or nothing is known of the request.
    """
    targets, by = chosen(folder, service, url), acting(as_)
    if cursor and not service:
        fail("A cursor is one service's; name it with --service.", WRONGLY_ASKED)
    if (request and (since or cursor or dry_run)) or (cursor and (since or dry_run)):
        fail(
            "--request and --cursor each say alone what is meant; leave out --since and --dry-run, and one of the two.",
            WRONGLY_ASKED,
        )
    began = moment_of(since)
    moment = began.isoformat() if began else ""
    if dry_run:
        for name, target in targets:
            figures = ", ".join(f"{number} {ledger}" for ledger, number in _sizes(target, name, moment).items())
            console.print(f"{name} would say again the events of {figures}", highlight=False)
        return
    counts: Counter[str] = Counter()
    for name, target in targets:
        counts += _replayed(target, name, {"by": by, "since": moment, "request": request, "cursor": cursor})
    if request and not counts["subjects"]:
        fail(f"No service that was asked knows {request}.")


def reconcile(folder: Folder = FOLDER, service: Service = "", url: Url = "", as_: As = "") -> None:
    """Let services ask the others for whatever they have not heard. It may be broken off and repeated at any time.

    Exit status 1: somebody's events could not be had.
    """
    by, failed = acting(as_), 0
    for name, target in chosen(folder, service, url):
        lacking: Counter[tuple[str, str]] = Counter()
        with progress(f"{name} compares") as shown:
            for page in pages(target, "POST", name, "/internal/reconcile", {"by": by}):
                lacking[page["what"], page["source"]] += page["lacking"]
                failed += page["failed"]
                shown.by(page["compared"])
        figures = [f"{number} {what} of {source}" for (what, source), number in lacking.items()]
        console.print(f"{name} had not heard the last of: {', '.join(figures)}", highlight=False, soft_wrap=True)
    if failed:
        fail(f"Of {failed} of them the events could not be had; the log names them (ledger.last_events_not_had) and says why.")


def topics(
    broker: Annotated[str, typer.Argument(help="host:port")],
    replication: Annotated[int, typer.Option(min=1, help="on how many brokers each record is kept")] = 1,
    units: Units = "",
) -> None:
    """Create every declared topic on a broker, and a pair for each unit; what is there already is left as it is."""
    try:
        asyncio.run(create_topics(broker, replication, units=units_of(units), security=security_of_environment()))
    except (TopicError, SecurityError) as error:
        fail(str(error))
    except ValueError as error:
        fail(str(error), WRONGLY_ASKED)
    console.print("All topics are there.")


def _replayed(target: Target, name: str, params: dict[str, str]) -> Counter[str]:
    """Subjects and events of one service, which has said them again; ends the command where the broker does not take them."""
    counts: Counter[str] = Counter()
    total = 1 if params["request"] else sum(_sizes(target, name, params["since"]).values())
    with progress(f"{name} says again", total) as shown:
        for page in pages(target, "POST", name, "/internal/replay", params):
            if page["unsaid"]:
                _stop(name, page)
            counts.update({key: page[key] for key in ("subjects", "events")})
            shown.by(page["subjects"])
    console.print(f"{name} said again {counts['events']} events of {counts['subjects']} subjects", highlight=False)
    return counts


def _stop(name: str, page: Page) -> NoReturn:
    """End the command at a page that the broker did not take, saying how to go on from it."""
    rest = f" --cursor {shlex.quote(page['next'])}" if page["next"] else ""
    again = f"run: backline replay --service {name}{rest}"
    fail(f"The broker did not take {page['unsaid']} events of {name}; see whether it runs, and {again}")


def _sizes(target: Target, name: str, since: str) -> dict[str, int]:
    """How many subjects a replay would go through, by ledger."""
    sizes: dict[str, int] = target.ask("GET", name, "/internal/replay" + (f"?{urlencode({'since': since})}" if since else ""))
    return sizes
