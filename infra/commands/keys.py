"""Secrets for a deployment: tokens of units and people, shown once and kept as digests; the services' own, each in a file.

Invariant: what exists is never overwritten, since its tokens would stop working.
"""

import hashlib
import secrets
from pathlib import Path
from typing import Annotated

import typer
import yaml
from rich.console import Console

from infra.commands.ending import fail

console = Console()
FOLDER_FOR_OWNER = 0o700
FILE_FOR_OWNER = 0o600
OWN = ("service_token", "key_pepper", "link_secret", "callback_secret", "clash_pepper", "act_secret", "grafana_password")
FILE_FOR_CONTAINER = 0o644
"""The service's user in the container is nobody's on this machine: the folder keeps others out, the file lets it read."""


def add_to(app: typer.Typer) -> None:
    """keys."""
    app.command()(keys)


def keys(
    units: Annotated[list[str], typer.Argument(help="codes of the business units that get a token")],
    person: Annotated[list[str] | None, typer.Option(help="id of a person who gets a token; may be repeated")] = None,
    folder: Annotated[Path, typer.Option(help="where keys.yaml and the services' secrets go")] = Path("secrets"),
    environment: Annotated[Path, typer.Option(help="what compose reads: it names the folder")] = Path(".env"),
) -> None:
    """Make a token for each unit and person, and the services' secrets; refuses to overwrite what is there.

    It is the first start's: once services run, `backline access issue` gives a unit's system a key that can be revoked.
    """
    target = folder / "keys.yaml"
    for file in (target, *(folder / name for name in OWN), environment):
        if file.exists():
            fail(f"{file} exists; move it away first, since its tokens would stop working.")
    holders = dict.fromkeys([*(("unit", code) for code in units), *(("person", identity) for identity in person or ())])
    tokens = {holder: secrets.token_urlsafe(32) for holder in holders}
    folder.mkdir(mode=FOLDER_FOR_OWNER, parents=True, exist_ok=True)
    folder.chmod(FOLDER_FOR_OWNER)
    _write(
        target, yaml.safe_dump([_entry(*holder, token) for holder, token in tokens.items()], sort_keys=False), FILE_FOR_CONTAINER
    )
    for name in OWN:
        _write(folder / name, f"{secrets.token_urlsafe(32)}\n", FILE_FOR_CONTAINER)
    _write(environment, f"BACKLINE_SECRETS={folder if folder.is_absolute() else f'./{folder}'}\n", FILE_FOR_OWNER)
    console.print(f"Digests are in {target}, the services' secrets beside it. The tokens, shown this once:")
    for (_, identity), token in tokens.items():
        typer.echo(f"{identity}\t{token}")


def _entry(kind: str, identity: str, token: str) -> dict[str, str]:
    entry = {"sha256": hashlib.sha256(token.encode()).hexdigest(), "kind": kind, "id": identity}
    return {**entry, "business_unit": identity} if kind == "unit" else entry


def _write(file: Path, content: str, mode: int) -> None:
    file.touch(mode=FILE_FOR_OWNER)
    file.write_text(content, encoding="utf-8")
    file.chmod(mode)
