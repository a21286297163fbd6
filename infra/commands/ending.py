"""How a command ends when it cannot do what was asked: one sentence on stderr that says what, why and what to do."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn

import httpx
import typer

FAILED = 1
WRONGLY_ASKED = 2


def fail(sentence: str, code: int = FAILED) -> NoReturn:
    """Say `sentence` on stderr and end the command with exit status `code`."""
    typer.secho(sentence, fg="red", err=True)
    raise typer.Exit(code)


@contextmanager
def reaching(address: str) -> Iterator[None]:
    """What a request to `address` raises becomes the end of the command, since a trace helps nobody at a terminal."""
    try:
        yield
    except httpx.HTTPError as error:
        fail(
            f"{address} did not answer ({type(error).__name__}); see whether it runs with `backline status`. "
            "Running this command again is safe."
        )
    except httpx.InvalidURL:
        fail(f"{address!r} is no address; write for example http://127.0.0.1:8001.", WRONGLY_ASKED)
