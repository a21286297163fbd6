"""Who may do what on Kafka and MongoDB: printed as the commands that allow it, made from what the services are."""

import asyncio
import os
from pathlib import Path
from typing import Annotated

import typer

from infra.acls import acls, commands
from infra.commands.ending import WRONGLY_ASKED, fail
from infra.database_users import script
from infra.topics import TopicError, create_acls
from shared.messaging.security import Security, SecurityError

Units = Annotated[str, typer.Option(help="codes of the units that have topics of their own, with commas between")]


def add_to(app: typer.Typer) -> None:
    """kafka-acls, database-users."""
    app.command()(kafka_acls)
    app.command()(database_users)


def kafka_acls(
    broker: Annotated[str, typer.Argument(help="host:port")] = "localhost:9092",
    units: Units = "",
    config: Annotated[Path, typer.Option(help="properties file of kafka-acls.sh, with who asks it")] = Path("admin.properties"),
    shared: Annotated[bool, typer.Option("--shared", help="the inbound topic on which nobody shows who they are, too")] = False,
    apply: Annotated[bool, typer.Option("--apply", help="do it, as BACKLINE_KAFKA_… say who asks")] = False,
) -> None:
    """Print the kafka-acls commands that let each service and unit do what it must, and nothing else; or do it."""
    try:
        allowed = acls(units_of(units), shared=shared)
        if not apply:
            for line in commands(allowed, broker, str(config)):
                typer.echo(line)
            return
        asyncio.run(create_acls(broker, allowed, security_of_environment()))
    except (TopicError, SecurityError) as error:
        fail(str(error))
    except ValueError as error:
        fail(str(error), WRONGLY_ASKED)
    typer.echo(f"{len(allowed)} ACLs are there.")


def database_users(
    replica_set: Annotated[str, typer.Option(help="hosts and options of the services' URIs, after the @")] = "",
    folder: Annotated[Path, typer.Option(help="where each service's URI is put, readable to its owner alone")] = Path("secrets"),
) -> None:
    """Print what mongosh makes a user for each service with, each with rights on its own database alone."""
    try:
        typer.echo(script(folder, replica_set))
    except OSError as error:
        fail(f"{folder} cannot be used ({error}).")


def units_of(given: str) -> list[str]:
    """The codes in a text with commas between."""
    return list(dict.fromkeys(unit.strip() for unit in given.split(",") if unit.strip()))


def security_of_environment() -> Security:
    """Who asks, as the environment says. Raises SecurityError."""
    given = {
        name: os.environ.get(f"BACKLINE_KAFKA_{name}")
        for name in ("SECURITY", "USERNAME", "PASSWORD", "PASSWORD_FILE", "CA_FILE")
    }
    protocol = given["SECURITY"] or "PLAINTEXT"
    if protocol not in {"PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"}:
        raise SecurityError("BACKLINE_KAFKA_SECURITY must be PLAINTEXT, SSL, SASL_PLAINTEXT or SASL_SSL.")
    password = given["PASSWORD"]
    if given["PASSWORD_FILE"]:
        try:
            password = Path(given["PASSWORD_FILE"]).read_text(encoding="utf-8").strip()
        except OSError as error:
            raise SecurityError(f"BACKLINE_KAFKA_PASSWORD_FILE cannot be read ({type(error).__name__}).") from error
    return Security(protocol=protocol, username=given["USERNAME"], password=password, ca_file=given["CA_FILE"])  # type: ignore[arg-type]  # checked
