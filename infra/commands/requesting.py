"""One request from the command line: submit, amend, withdraw, show, watch.

Exit statuses: 0 it was taken, or is shown; 3 it was returned or rejected; 1 it was refused, is not there, or nobody answered;
2 the command was wrongly asked. With `--json` the answer goes to stdout as the services gave it, and nothing else does.
"""

import json
import mimetypes
import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from infra.commands.asking import asking
from infra.commands.ending import WRONGLY_ASKED, fail
from infra.commands.language import Language, Locale, language_of
from infra.commands.target import FOLDER
from infra.commands.verdicts import NOT_TAKEN, SOME_NOT_TAKEN, reasons
from infra.commands.words import word
from shared.client import Client
from shared.client.models import Moment, WholeRequest
from shared.client.pursuits import BidAnswer
from shared.schemas.bidding import BidPlan
from shared.schemas.model import Frozen, Json
from shared.schemas.requests import Answer

console = Console()
Source = Annotated[str, typer.Argument(help="a file with one JSON object; - reads it from standard input")]
Name = Annotated[str, typer.Argument(help="the request's id, or its number such as BL-28492763")]
Folder = Annotated[Path, typer.Option(help="the local stack's folder")]
Url = Annotated[str, typer.Option(help="intake's address instead of a local stack; its token is in BACKLINE_TOKEN")]
Unit = Annotated[str, typer.Option(help="the business unit in whose name a local stack is asked; an operator's when not given")]
Key = Annotated[
    str | None, typer.Option(help="an Idempotency-Key of your own: running the command again under it does nothing new")
]
AsJson = Annotated[bool, typer.Option("--json", help="print the answer as JSON")]
Reason = Annotated[str, typer.Option(help="why, 1 to 2000 characters")]
Assess = Annotated[bool, typer.Option("--assess", help="of a bid (tech.bid), say also whether its dates can be met")]
RoutingUrl = Annotated[str, typer.Option(help="routing's address, for --assess with --url")]
Attach = Annotated[
    list[Path] | None, typer.Option(exists=True, dir_okay=False, help="a file to store and name in the request; may be repeated")
]


def add_to(app: typer.Typer) -> None:
    """submit, amend, withdraw, watch."""
    for command in (submit, amend, withdraw, watch):
        app.command()(command)


def submit(
    source: Source,
    unit: Unit = "",
    folder: Folder = FOLDER,
    url: Url = "",
    key: Key = None,
    attach: Attach = None,
    assess: Assess = False,
    routing_url: RoutingUrl = "",
    locale: Locale = None,
    as_json: AsJson = False,
) -> None:
    """Submit one request and show its verdict. Exit status 0: accepted; 3: returned or rejected; 1: refused or not answered."""
    language, body = language_of(locale), _object_in(source)
    if assess and url and not routing_url:
        fail("--assess asks routing too; give its address in --routing-url.", WRONGLY_ASKED)
    with asking(folder, url, unit or str(body.get("business_unit", "")), language, routing_url) as client:
        files = [_stored(client, file) for file in attach or ()]
        whole = body | ({"attachments": [*body.get("attachments", ()), *files]} if files else {})
        told = client.submit_bid(whole, key=key, assess=assess)
        _end(told.answer, language, as_json=as_json, plan=told.plan, assessed=assess)


def amend(
    name: Name,
    source: Source,
    unit: Unit = "",
    folder: Folder = FOLDER,
    url: Url = "",
    key: Key = None,
    locale: Locale = None,
    as_json: AsJson = False,
) -> None:
    """Change fields of a request: a JSON object with what changes; null removes a field. Exit statuses as for submit."""
    language, changes = language_of(locale), _object_in(source)
    with asking(folder, url, unit, language) as client:
        _end(client.amend(client.id_of(name), changes, key=key), language, as_json=as_json)


def withdraw(
    name: Name,
    reason: Reason,
    unit: Unit = "",
    folder: Folder = FOLDER,
    url: Url = "",
    key: Key = None,
    locale: Locale = None,
    as_json: AsJson = False,
) -> None:
    """Take a request back. Exit status 0: it is, or routing was asked to; 1: refused or not answered."""
    language = language_of(locale)
    with asking(folder, url, unit, language) as client:
        _end(client.withdraw(client.id_of(name), reason, key=key), language, as_json=as_json)


def watch(
    name: Name,
    unit: Unit = "",
    folder: Folder = FOLDER,
    url: Url = "",
    locale: Locale = None,
    as_json: AsJson = False,
) -> None:
    """Show what becomes of a request, a line for each thing said, until it has ended; Ctrl-C ends it, with exit status 0."""
    language = language_of(locale)
    shown = 0
    try:
        with asking(folder, url, unit, language) as client:
            for whole in client.watch(client.id_of(name)):
                for moment in whole.timeline[shown:]:
                    if as_json:
                        _print_json(moment)
                    else:
                        _line(moment, language)
                shown = len(whole.timeline)
    except KeyboardInterrupt:
        raise typer.Exit from None


def show(name: str, folder: Path, url: str, unit: str, language: Language, *, as_json: bool) -> None:
    """One request, its verdict and its timeline."""
    with asking(folder, url, unit, language) as client:
        whole = client.find(name)
    if as_json:
        _print_json(whole)
        return
    _head(whole, language)
    for moment in whole.timeline:
        _line(moment, language)


def _object_in(source: str) -> Json:
    """The JSON object in a file or on standard input; ends the command when there is none."""
    try:
        raw = sys.stdin.read() if source == "-" else Path(source).read_text(encoding="utf-8-sig")
        body = json.loads(raw)
    except (OSError, ValueError) as error:
        fail(f"{source}: {error}", WRONGLY_ASKED)
    if not isinstance(body, dict):
        fail(f"{source}: one JSON object is wanted; `backline import` sends many.", WRONGLY_ASKED)
    return body


def _stored(client: Client, file: Path) -> Json:
    kind = mimetypes.guess_type(file.name)[0] or "application/octet-stream"
    kept = client.store_attachment(file, name=file.name, media_type=kind)
    return {"name": file.name, "media_type": kind, "size": kept.size, "sha256": kept.sha256}


def _end(answer: Answer, language: Language, *, as_json: bool, plan: BidPlan | None = None, assessed: bool = False) -> None:
    row: dict[str, Any] = answer.model_dump(mode="json")
    if as_json:
        _print_json(BidAnswer(answer=answer, plan=plan) if assessed else answer)
    else:
        outcome = word(answer.outcome, language)
        more = [word(flag, language) for flag in ("duplicate", "amended") if row[flag]]
        more += [word(wish, language) for wish in answer.pending]
        console.print(
            f"[bold]{answer.number}[/bold]  {outcome}{''.join(f' · {each}' for each in more)}  {answer.id}", highlight=False
        )
        if answer.outcome in NOT_TAKEN:
            _reasons(row, language)
        elif assessed:
            console.print(escape(plan.message.by_locale(language) if plan else word("not_assessed", language)), highlight=False)
    raise typer.Exit(SOME_NOT_TAKEN if answer.outcome in NOT_TAKEN else 0)


def _reasons(row: dict[str, Any], language: Language) -> None:
    table = Table(word("field", language), word("why", language))
    table.columns[1].overflow = "fold"
    for field, text in reasons(row, language):
        table.add_row(escape(field), escape(text))
    console.print(table)


def _head(whole: WholeRequest, language: Language) -> None:
    pending = [
        word(wish, language) for wish, open_ in (("amendment", whole.amending), ("withdrawal", whole.withdrawing)) if open_
    ]
    state = word(whole.status, language) + "".join(f" · {each}" for each in pending)
    console.print(f"[bold]{whole.number}[/bold]  {state}  {escape(whole.type)}  {whole.id}", highlight=False)
    if whole.status in NOT_TAKEN and whole.verdict is not None:
        _reasons({"verdict": whole.verdict.model_dump(mode="json")}, language)


def _line(moment: Moment, language: Language) -> None:
    at = moment.at.astimezone().strftime("%Y-%m-%d %H:%M:%S")
    what = word(moment.type.rsplit(".", 1)[-1], language)
    who = ", ".join(str(seat["person"]) for seat in _seats(moment.data))
    console.print(f"{at}  {moment.source:<9}  {what}{f' ({escape(who)})' if who else ''}", highlight=False)


def _seats(data: Json) -> list[Json]:
    given = data.get("seats") or ([data["seat"]] if isinstance(data.get("seat"), dict) else [])
    return [seat for seat in given if isinstance(seat, dict) and "person" in seat]


def _print_json(value: Frozen) -> None:
    sys.stdout.write(value.model_dump_json() + "\n")
    sys.stdout.flush()
