"""Keys of units' systems: issue one, list them, revoke one. The token of a new key is shown once, alone on stdout."""

import json
from typing import Annotated, Any
from urllib.parse import quote, urlencode

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from infra.commands.services import As, Folder, acting
from infra.commands.target import FOLDER, Target
from shared.schemas.access import UNIT_SCOPES

console = Console(stderr=True)
shown = Console()
KEYS = "/v1/access/keys"
Url = Annotated[str, typer.Option(help="intake's address instead of a local stack; its token is in BACKLINE_TOKEN")]


def add_to(app: typer.Typer) -> None:
    """access issue, access list, access revoke."""
    access = typer.Typer(no_args_is_help=True, help=__doc__)
    access.command()(issue)
    access.command(name="list")(listed)
    access.command()(revoke)
    app.add_typer(access, name="access")


def issue(
    unit: Annotated[str, typer.Argument(help="code of the business unit")],
    system: Annotated[str, typer.Argument(help="the source.system by which that system files its requests")],
    scope: Annotated[list[str] | None, typer.Option(help="what it may do, may be repeated; all when not given")] = None,
    days: Annotated[int, typer.Option(help="how many days it lives")] = 365,
    files_for: Annotated[str, typer.Option(help="for whom it may file: any unit, its own unit, or this system alone")] = "unit",
    folder: Folder = FOLDER,
    url: Url = "",
    as_: As = "",
) -> None:
    """Issue a key. Two of a system may be alive: issue the second, let the system take it, then revoke the first."""
    wanted = {
        "business_unit": unit,
        "system": system,
        "scopes": scope or sorted(UNIT_SCOPES),
        "days": days,
        "files_for": files_for,
    }
    answer = _ask(Target.chosen(folder, "intake", url), "POST", KEYS, {"by": acting(as_)}, wanted)
    key = answer["key"]
    console.print(
        f"Key {key['id']} of {escape(unit)}/{escape(system)}, until {key['expires_at'][:10]}: {', '.join(key['scopes'])}. "
        "The token is shown this once:",
        highlight=False,
        soft_wrap=True,
    )
    typer.echo(answer["token"])


def listed(
    unit: Annotated[str, typer.Argument(help="code of a business unit; all when not given")] = "",
    folder: Folder = FOLDER,
    url: Url = "",
) -> None:
    """The keys there are: whose, what they may do, until when. No secrets."""
    answer = _ask(Target.chosen(folder, "intake", url), "GET", KEYS, {"business_unit": unit} if unit else {})
    table = Table("key", "unit", "system", "scopes", "files for", "until", "state")
    for column in table.columns:
        column.overflow = "fold"
    for key in answer["keys"]:
        names = [key[name] for name in ("id", "business_unit", "system")]
        table.add_row(*map(escape, [*names, " ".join(key["scopes"]), key["files_for"], key["expires_at"][:10], _state(key)]))
    shown.print(table)


def revoke(
    key: Annotated[str, typer.Argument(help="the key's id: the middle of bl_<id>_<secret>, or from `backline access list`")],
    reason: Annotated[str, typer.Option(help="why, for whoever asks later")],
    folder: Folder = FOLDER,
    url: Url = "",
    as_: As = "",
) -> None:
    """Revoke a key. It opens nothing any more, in any service, within seconds. Doing it again changes nothing."""
    answer = _ask(
        Target.chosen(folder, "intake", url),
        "POST",
        f"{KEYS}/{quote(key, safe='')}/revoke",
        {"by": acting(as_)},
        {"reason": reason},
    )
    named = f"{escape(answer['business_unit'])}/{escape(answer['system'])}"
    shown.print(f"Key {answer['id']} of {named} is revoked: {escape(answer['reason'])}", highlight=False, soft_wrap=True)


def _ask(intake: Target, method: str, path: str, params: dict[str, str], body: Any = None) -> Any:
    content = None if body is None else json.dumps(body).encode()
    return intake.ask(method, "intake", f"{path}?{urlencode(params)}" if params else path, content=content)


def _state(key: dict[str, Any]) -> str:
    if key["revoked_at"]:
        return f"revoked {key['revoked_at'][:10]} by {key['revoked_by']}: {key['reason']}"
    used = f", last used {key['last_used'][:16]}" if key["last_used"] else ""
    return f"alive{used}" if key["alive"] else "expired"
