"""What the operators' commands share: which services they ask, in whose name, and going through their pages."""

import getpass
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlencode

import typer

from infra.commands.ending import WRONGLY_ASKED, fail
from infra.commands.target import Target
from shared.schemas.envelope import SOURCES

Folder = Annotated[Path, typer.Option(help="the local stack's folder")]
Service = Annotated[str, typer.Option(help="intake, routing, notify or documents; all when not given")]
Url = Annotated[str, typer.Option(help="the service's address instead of a local stack; its token is in BACKLINE_TOKEN")]
As = Annotated[str, typer.Option("--as", help="who acts, for the audit; the user of this machine when not given")]
Page = dict[str, Any]


def chosen(folder: Path, service: str, url: str) -> list[tuple[str, Target]]:
    """The services that were chosen, each with where it is."""
    if service and service not in SOURCES:
        fail(f"There is no service {service!r}; choose one of {', '.join(SOURCES)}.", WRONGLY_ASKED)
    if url and not service:
        fail("An address is one service's; name it with --service.", WRONGLY_ASKED)
    target = Target.chosen(folder, service, url)
    return [(name, target) for name in ([service] if service else SOURCES)]


def acting(named: str) -> str:
    """Who acts: whoever is named, else the user of this machine."""
    try:
        return named or getpass.getuser()
    except (KeyError, OSError):
        fail("Nobody is known to act; say who with --as.", WRONGLY_ASKED)


def pages(target: Target, method: str, service: str, path: str, params: Mapping[str, str]) -> Iterator[Page]:
    """The pages at `path` of `service` from `cursor` of `params` on, one after the other; each is done before it is handed out."""
    cursor: str | None = params.get("cursor", "")
    while cursor is not None:
        asked = {name: value for name, value in {**params, "cursor": cursor}.items() if value}
        page: Page = target.ask(method, service, f"{path}?{urlencode(asked)}" if asked else path)
        yield page
        cursor = page["next"]
