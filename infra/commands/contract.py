"""The contract: export the schemas, or hold them against what is released."""

import typer
from rich.console import Console

from infra.contract import RELEASED, check, export

console = Console()


def add_to(app: typer.Typer) -> None:
    """schemas export, schemas check."""
    schemas = typer.Typer(no_args_is_help=True, help=__doc__)
    app.add_typer(schemas, name="schemas")

    @schemas.command("export")
    def exported() -> None:
        """Write JSON Schemas and AsyncAPI; refused when something released would break."""
        console.print(f"{export(RELEASED)} files written")

    @schemas.command("check")
    def checked() -> None:
        """Name every breaking change and every stale file."""
        problems = check(RELEASED)
        for problem in problems:
            typer.secho(problem, fg="red", err=True)
        raise typer.Exit(1 if problems else 0)
