"""The contract: export the schemas, or hold them against what is released."""

import typer
from rich.console import Console

from infra.commands.ending import FAILED, fail
from infra.contract import RELEASED, BrokenContractError, check, export, problems

console = Console()


def add_to(app: typer.Typer) -> None:
    """schemas export, schemas check."""
    schemas = typer.Typer(no_args_is_help=True, help=__doc__)
    app.add_typer(schemas, name="schemas")
    schemas.command("export")(exported)
    schemas.command("check")(checked)


def exported() -> None:
    """Write JSON Schemas and AsyncAPI; refused when something released would break."""
    try:
        number = export(RELEASED)
        problems.write()
        console.print(f"{number} files written, and docs/problems.md")
    except BrokenContractError as error:
        fail(str(error))


def checked() -> None:
    """Name every breaking change and every stale file."""
    wrong = [*check(RELEASED), *problems.stale()]
    for problem in wrong:
        typer.secho(problem, fg="red", err=True)
    if wrong:
        raise typer.Exit(FAILED)
    console.print("The contract stands.")
