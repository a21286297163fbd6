"""Tokens for a deployment: random, shown once, kept as digests only."""

import hashlib
import secrets
from pathlib import Path
from typing import Annotated

import typer
import yaml
from rich.console import Console

console = Console()
OWNER_ONLY = 0o600
READABLE = 0o644  # digests only, read by the container's own user; the folder stays closed to others


def add_to(app: typer.Typer) -> None:
    """keys."""
    app.command()(keys)


def keys(
    units: Annotated[list[str], typer.Argument(help="codes of the business units that get a token")],
    folder: Annotated[Path, typer.Option(help="where keys.yaml goes")] = Path("secrets"),
    environment: Annotated[Path, typer.Option(help="where the service token and the Grafana password go")] = Path(".env"),
) -> None:
    """Make a token for each unit and one for the services; refuses to overwrite what is there."""
    target = folder / "keys.yaml"
    for file in (target, environment):
        if file.exists():
            typer.secho(f"{file} exists; move it away first, since its tokens would stop working.", fg="red", err=True)
            raise typer.Exit(1)
    tokens = {unit: secrets.token_urlsafe(32) for unit in units}
    entries = [
        {"sha256": hashlib.sha256(token.encode()).hexdigest(), "kind": "unit", "id": unit, "business_unit": unit}
        for unit, token in tokens.items()
    ]
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    _write(target, yaml.safe_dump(entries, sort_keys=False), READABLE)
    _write(
        environment,
        f"BACKLINE_SERVICE_TOKEN={secrets.token_urlsafe(32)}\nGRAFANA_PASSWORD={secrets.token_urlsafe(16)}\n",
        OWNER_ONLY,
    )
    console.print(f"Digests are in {target}, the service token in {environment}. Each unit's token, shown this once:")
    for unit, token in tokens.items():
        typer.echo(f"{unit}\t{token}")


def _write(file: Path, content: str, mode: int) -> None:
    file.touch(mode=mode)
    file.write_text(content, encoding="utf-8")
