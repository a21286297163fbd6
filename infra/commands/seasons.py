"""Bid seasons: which there are, declare one, change, end or withdraw it; at a local stack, or with an operator's token."""

import json
from typing import Annotated, Any
from urllib.parse import quote

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from infra.commands.services import Folder
from infra.commands.target import FOLDER, Target

console = Console()
PATH = "/v1/seasons"
Url = Annotated[str, typer.Option(help="routing's address instead of a local stack; its token is in BACKLINE_TOKEN")]
Season = Annotated[str, typer.Argument(help="the season's id, from `backline season list`")]
Reason = Annotated[str, typer.Option(help="why, for whoever asks later")]
Factor = Annotated[float | None, typer.Option(help="so many times the places of each person")]
More = Annotated[int | None, typer.Option(help="so many places more")]
Borrowing = Annotated[bool | None, typer.Option(help="whether other units' people may be taken once one's own are full")]
Keep = Annotated[int | None, typer.Option(help="places that whoever is borrowed keeps for their own unit")]
Ageing = Annotated[bool | None, typer.Option(help="whether urgent requests and those needed soon are tried sooner")]


def add_to(app: typer.Typer) -> None:
    """season list, declare, change, end, withdraw."""
    season = typer.Typer(no_args_is_help=True, help=__doc__)
    season.command(name="list")(listed)
    for command in (declare, change, end, withdraw):
        season.command()(command)
    app.add_typer(season, name="season")


def listed(folder: Folder = FOLDER, url: Url = "") -> None:
    """The seasons that are, were and will be, the latest first."""
    answer = Target.chosen(folder, "routing", url).ask("GET", "routing", PATH)
    table = Table("season", "name", "unit", "from", "to", "phase", "places", "borrowing")
    for column in table.columns:
        column.overflow = "fold"
    for one in answer["seasons"]:
        table.add_row(*map(escape, [one["id"], one["name"], one["business_unit"] or "all", *_when(one), *_figures(one)]))
    console.print(table)


def declare(
    name: Annotated[str, typer.Argument(help="what people call it")],
    starts: Annotated[str, typer.Option("--from", help="a moment with an offset, or a date")],
    ends: Annotated[str, typer.Option("--to", help="the same; a date is the last day")],
    unit: Annotated[str, typer.Option(help="code of the business unit; all when not given")] = "",
    reason: Reason = "",
    cap_factor: Factor = None,
    cap_more: More = None,
    borrowing: Borrowing = None,
    lenders_keep: Keep = None,
    ageing: Ageing = None,
    folder: Folder = FOLDER,
    url: Url = "",
) -> None:
    """Declare a season; figures that are not given are the policy's. It reverts by itself."""
    figures = _given(cap_factor=cap_factor, cap_more=cap_more, borrowing=borrowing, lenders_keep=lenders_keep, ageing=ageing)
    body = {"name": name, "business_unit": unit or None, "from": starts, "to": ends, "figures": figures, "reason": reason}
    _tell(Target.chosen(folder, "routing", url), PATH, body)


def change(
    season: Season,
    name: Annotated[str | None, typer.Option(help="another name")] = None,
    starts: Annotated[str | None, typer.Option("--from", help="another beginning, while it has not begun")] = None,
    ends: Annotated[str | None, typer.Option("--to", help="another end")] = None,
    reason: Reason = "",
    cap_factor: Factor = None,
    cap_more: More = None,
    borrowing: Borrowing = None,
    lenders_keep: Keep = None,
    ageing: Ageing = None,
    folder: Folder = FOLDER,
    url: Url = "",
) -> None:
    """Change a season; what is not given stays."""
    figures = _given(cap_factor=cap_factor, cap_more=cap_more, borrowing=borrowing, lenders_keep=lenders_keep, ageing=ageing)
    body = {**_given(name=name, **{"from": starts, "to": ends}), "figures": figures, "reason": reason}
    _tell(Target.chosen(folder, "routing", url), _of(season, "change"), body)


def end(season: Season, reason: Reason = "", folder: Folder = FOLDER, url: Url = "") -> None:
    """End a season that has begun, now."""
    _tell(Target.chosen(folder, "routing", url), _of(season, "end"), {"reason": reason})


def withdraw(season: Season, reason: Reason = "", folder: Folder = FOLDER, url: Url = "") -> None:
    """Take back a season that has not begun."""
    _tell(Target.chosen(folder, "routing", url), _of(season, "withdraw"), {"reason": reason})


def _tell(routing: Target, path: str, body: dict[str, Any]) -> None:
    one = routing.ask("POST", "routing", path, content=json.dumps(body).encode())
    starts, ends, phase = _when(one)
    places, borrowing = _figures(one)
    said = f"Season {one['id']} “{one['name']}” of {one['business_unit'] or 'all units'}, {starts} to {ends}: {phase}"
    console.print(escape(f"{said}; places {places}, borrowing {borrowing}."), highlight=False, soft_wrap=True)


def _of(season: str, what: str) -> str:
    return f"{PATH}/{quote(season, safe='')}/{what}"


def _given(**options: object) -> dict[str, object]:
    return {name: value for name, value in options.items() if value is not None}


def _when(one: dict[str, Any]) -> list[str]:
    return [one["from"][:16], one["to"][:16], one["phase"]]


def _figures(one: dict[str, Any]) -> list[str]:
    figures = one["figures"]
    more = f" +{figures['cap_more']}" if figures["cap_more"] else ""
    return [f"×{figures['cap_factor']:g}{more}", f"yes, keeping {figures['lenders_keep']}" if figures["borrowing"] else "no"]
