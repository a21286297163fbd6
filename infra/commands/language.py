"""The language a command answers in: what `--locale` says, else what the terminal's locale says."""

import os
from typing import Annotated, Any, Literal

import typer

Language = Literal["zh", "en"]
Locale = Annotated[Language | None, typer.Option(help="language of what the services say; LANG decides when it is not given")]
VARIABLES = ("LC_ALL", "LC_MESSAGES", "LANG")


def language_of(locale: Language | None) -> Language:
    """`locale` when given, else Chinese in a Chinese terminal and English anywhere else."""
    said = next((value for name in VARIABLES if (value := os.environ.get(name))), "")
    return locale or ("zh" if said.lower().startswith("zh") else "en")


def sentence(text: Any, language: Language) -> str:
    """A text in both languages, as a service told it, in one; an empty one when it is no such text."""
    return str(text.get(language, "")) if isinstance(text, dict) else ""
