"""Erasing personal values: of one request, or whatever names a natural person in one unit.

Invariant: what is to be erased is written down by intake before the first of it is; killed anywhere, `backline erase continue` finishes it.
"""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlencode

import typer
from rich.console import Console
from rich.table import Table

from infra.commands.asking import ending
from infra.commands.ending import WRONGLY_ASKED, fail
from infra.commands.language import Language, Locale, language_of
from infra.commands.progress import progress
from infra.commands.services import As, Folder, acting
from infra.commands.target import FOLDER, Target
from infra.commands.words import said
from shared.client import Busy, Client, NotFound, ServerFault

console = Console()
Url = Annotated[str, typer.Option(help="intake's address instead of a local stack; the services' token is in BACKLINE_TOKEN")]
DocumentsUrl = Annotated[str, typer.Option(help="documents' address, beside --url")]
Files = Annotated[bool, typer.Option("--files", help="also the uploads that these requests alone name")]
Page = dict[str, Any]
AT_ONCE = 2_000
"""Requests, and entries, that are written down at once: so many ids are well within what intake takes as one body."""


def add_to(app: typer.Typer) -> None:
    """erase request, erase person, erase continue."""
    erase = typer.Typer(no_args_is_help=True, help="Erase personal values; every chain of events stays as it is.")
    app.add_typer(erase, name="erase")
    erase.command("request")(request)
    erase.command("person")(person)
    erase.command("continue")(go_on)


def request(
    identity: Annotated[str, typer.Argument(help="the request's id")],
    files: Files = False,
    folder: Folder = FOLDER,
    url: Url = "",
    documents_url: DocumentsUrl = "",
    as_: As = "",
    locale: Locale = None,
) -> None:
    """Erase one request's personal values, its raw mails, its entries of the desk, and the files rendered of it."""
    language, by = language_of(locale), acting(as_)
    with _asking(_target(folder, url, documents_url), language) as client:
        told = client.erase(identity, by=by, files=files)
        rendered = client.erase_files(identity, by=by)
    counts = {"mails": told.mails, "entries": told.entries, "files": told.files, "rendered": rendered.files}
    console.print(said("erased_request", language, **counts), highlight=False)


def person(
    values: Annotated[
        list[str], typer.Argument(help="name, telephone number, address; - reads them from standard input, a line each")
    ],
    unit: Annotated[str, typer.Option(help="the business unit in whose requests to look")],
    within: Annotated[bool, typer.Option("--within", help="also where it stands within a longer text")] = False,
    files: Files = False,
    yes: Annotated[bool, typer.Option("--yes", help="erase; without it, only what would be erased is shown")] = False,
    folder: Folder = FOLDER,
    url: Url = "",
    documents_url: DocumentsUrl = "",
    as_: As = "",
    locale: Locale = None,
) -> None:
    """Find what names a natural person in a unit's requests and on its desk, list it, and with --yes erase it.

    Broken off anywhere, `backline erase continue` goes on. Running it again finds what has come since.
    """
    language, by, target = language_of(locale), acting(as_), _target(folder, url, documents_url)
    wanted = [line.strip() for line in sys.stdin] if values == ["-"] else values
    found = _found(target, unit, [value for value in wanted if value], by)
    chosen = {"exact", "within"} if within else {"exact"}
    _show(found, chosen, language)
    requests = [one["request"] for one in found["requests"] if one["how"] in chosen]
    entries = [one["entry"] for one in found["entries"] if one["how"] in chosen]
    if not requests and not entries:
        return
    if not yes:
        console.print(said("erase_preview", language), highlight=False)
        return
    begun = [
        _begun(
            target,
            {"unit": unit, "files": files, "requests": requests[first:][:AT_ONCE], "entries": entries[first:][:AT_ONCE]},
            by,
        )
        for first in range(0, max(len(requests), len(entries)), AT_ONCE)
    ]
    _end([line for erasure in begun for line in _finish(target, erasure, by, language)], language)


def go_on(folder: Folder = FOLDER, url: Url = "", documents_url: DocumentsUrl = "", as_: As = "", locale: Locale = None) -> None:
    """Finish every erasure that was begun and broken off."""
    language, by, target = language_of(locale), acting(as_), _target(folder, url, documents_url)
    begun = target.ask("GET", "intake", "/internal/erasures")["erasures"]
    left = [line for erasure in begun for line in _finish(target, erasure, by, language)]
    if not begun:
        console.print(said("erase_nothing", language), highlight=False)
    _end(left, language)


def _found(target: Target, unit: str, values: list[str], by: str) -> Page:
    """Everything that names them, page by page; the values are in the bodies of these questions alone."""
    requests: list[Page] = []
    entries: list[Page] = []
    after: str | None = ""
    with progress("looking") as shown:
        while after is not None:
            content = json.dumps({"unit": unit, "values": values, "after": after}).encode()
            page = target.ask("POST", "intake", f"/internal/persons:find?{urlencode({'by': by})}", content=content)
            requests += page["requests"]
            entries += page["entries"]
            shown.by(page["looked"])
            after = page["next"]
    return {"requests": requests, "entries": entries}


def _begun(target: Target, wish: Page, by: str) -> Page:
    """An erasure that intake has written down."""
    begun: Page = target.ask("POST", "intake", f"/internal/erasures?{urlencode({'by': by})}", content=json.dumps(wish).encode())
    return begun


def _show(found: Page, chosen: set[str], language: Language) -> None:
    """What was found, without the value: ids, fields, and whether it is to be erased."""
    table = Table(*(said(name, language) for name in ("erase_what", "erase_where", "erase_how")))
    table.columns[0].overflow = table.columns[1].overflow = "fold"
    for one in found["requests"]:
        table.add_row(one["request"], ", ".join(one["fields"]), said(f"erase_{one['how']}", language))
    for one in found["entries"]:
        table.add_row(one["entry"], said("erase_desk", language), said(f"erase_{one['how']}", language))
    rows = [*found["requests"], *found["entries"]]
    if rows:
        console.print(table)
    number = sum(one["how"] in chosen for one in rows)
    console.print(said("erase_counts", language, number=number, rest=len(rows) - number), highlight=False)


def _finish(target: Target, erasure: Page, by: str, language: Language) -> list[str]:
    """Erase what is left of an erasure. A request is ticked off when both services have erased it, in this order.

    One that cannot be erased now, set aside for example, keeps no other: a line for each is what is returned.
    """
    place, asked = f"/internal/erasures/{erasure['id']}", urlencode({"by": by})
    rendered = uploads = 0
    left: list[str] = []
    with progress("erasing", len(erasure["requests"])) as shown, _asking(target, language) as client:
        entries = target.ask("POST", "intake", f"{place}/entries?{asked}")
        for identity in erasure["requests"]:
            try:
                uploads += client.erase(identity, by=by, files=erasure["files"]).files
                rendered += client.erase_files(identity, by=by).files
            except (Busy, NotFound, ServerFault) as problem:
                left.append(f"{identity}: {problem.detail} ({problem.status} {problem.code})")
            else:
                target.ask("POST", "intake", f"{place}/done?{urlencode({'request': identity})}")
            shown.by(1)
    done = len(erasure["requests"]) - len(left)
    counts = {"requests": done, "entries": entries["entries"], "files": uploads, "rendered": rendered}
    console.print(said("erased_person", language, **counts), highlight=False)
    return left


def _end(left: list[str], language: Language) -> None:
    """End the command with what could not be erased, if anything could not."""
    if left:
        fail("\n".join([said("erase_left", language, number=len(left)), *left]))


def _target(folder: Path, url: str, documents_url: str) -> Target:
    """Where intake and documents are, and the token of both."""
    if bool(url) != bool(documents_url):
        fail("Give both addresses, --url and --documents-url: values are kept by the one, files by the other.", WRONGLY_ASKED)
    if not url:
        return Target.at(folder)
    intake, documents = Target.chosen(folder, "intake", url), Target.chosen(folder, "documents", documents_url)
    return Target(urls={**intake.urls, **documents.urls}, token=intake.token)


@contextmanager
def _asking(target: Target, language: Language) -> Iterator[Client]:
    with ending(language, target.url("intake")), target.api(language=language) as client:
        yield client
