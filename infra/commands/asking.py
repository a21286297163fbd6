"""The client of a command, by the token of whom it asks for; what it raises becomes the end of the command, in words."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from infra.commands.ending import FAILED, WRONGLY_ASKED, fail
from infra.commands.language import Language
from infra.commands.target import Target
from infra.commands.words import said
from shared.client import ApiProblem, Busy, Client, NotAnswered


@contextmanager
def asking(folder: Path, url: str, unit: str, language: Language, routing: str = "") -> Iterator[Client]:
    """A client of intake at `url`, or of the local stack in `folder` in the name of `unit`; an operator's when that is empty.

    Beside `url`, `routing` is the address of that service, where it is asked too.
    """
    target = Target.chosen(folder, "intake", url)
    if url and routing:
        target = Target(urls={**target.urls, **Target.chosen(folder, "routing", routing).urls}, token=target.token)
    with (
        ending(language, url),
        target.api(f"dev-unit-{unit}", language=language) if unit else target.api(language=language) as client,
    ):
        yield client


@contextmanager
def ending(language: Language, url: str) -> Iterator[None]:
    """What a client raises inside becomes the end of the command."""
    try:
        yield
    except ApiProblem as problem:
        faults = "".join(f"\n  {fault.pointer}: {fault.detail}" for fault in problem.errors)
        text = problem.message.by_locale(language) if problem.body.get("message") else problem.detail
        again = f" {said('again', language)}" if isinstance(problem, Busy) else ""
        fail(f"{text} ({problem.status} {problem.code}){again}{faults}", FAILED)
    except NotAnswered as silence:
        fail(said("not_answered", language, why=str(silence)), FAILED)
    except httpx.InvalidURL:
        fail(said("no_address", language, url=url), WRONGLY_ASKED)
