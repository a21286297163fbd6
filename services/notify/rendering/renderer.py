"""Renders the templates in a sandbox: undefined names are errors, HTML is escaped, lines stay one line.

Invariant: no value can add a header, a line to a one-line field, a tag to the HTML or markup to a chat message.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from jinja2.sandbox import SandboxedEnvironment

from services.notify.facts import shortened
from services.notify.rendering.answering import Answering
from services.notify.rendering.labels import NO_LABELS, LabelsOf
from services.notify.rendering.ours import Ours
from services.notify.rendering.seasons import season_view
from services.notify.rendering.view import Console, Reader, Scene, view_of
from shared.ledger.messages import Item
from shared.schemas.people import Directory

TEMPLATES = Path(__file__).parent.parent / "templates"
WORDS = Path(__file__).parent / "words.yaml"
LOCALES = ("zh", "en")
LONGEST_SUBJECT = 120
LONGEST_IN_CHAT = 90  # characters of one value: a dozen of them fit into a message of 4096 bytes, whatever the script
# C0/C1 controls, line and paragraph separators, and the marks that reorder what is read.
_UNSEEN = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff\ud800-\udfff]+")
_MARKUP = str.maketrans({"<": "＜", ">": "＞", "[": "［", "]": "］", "`": "'", "*": "＊", "_": "＿", "#": "＃", "\\": "＼"})


class RenderError(Exception):
    """A template cannot be rendered; the message names the template and what is wrong, never a value."""


@dataclass(frozen=True, kw_only=True)
class Letter:
    """One mail's words. `subject` is a single line without control characters."""

    subject: str
    text: str
    html: str


class Renderer:
    """Templates are read from `templates`/<locale>/<template>.j2 and kept compiled.

    A template's blocks say heading, lead and next step in plain words, once for all parts of a message; each part is a layout that
    they are set into like any other value.
    """

    def __init__(
        self, *, labels_of: LabelsOf, console: Console, answering: Answering | None = None, templates: Path = TEMPLATES
    ) -> None:
        self._labels_of = labels_of
        self._console = console
        self._answering = answering or Answering()
        self._words = _ours(yaml.safe_load(WORDS.read_text(encoding="utf-8")))
        self._plain = _environment(templates, finalize=seen)
        self._html = _environment(templates, finalize=visible, autoescape=True)
        self._chat = _environment(templates, finalize=without_markup)

    def letter(self, item: Item, *, reader: Reader, directory: Directory) -> Letter:
        """The mail for `item`. Raises RenderError and UnknownPolicyError."""
        name, view = self._view(item, reader, directory)
        with _faults_of(name):
            shown = view | _said(self._plain, name, view)
            subject = one_line(_render(self._plain, "layout.subject.txt.j2", shown)).replace("=?", "= ?")
            return Letter(
                subject=shortened(subject, LONGEST_SUBJECT),
                text=_render(self._plain, "layout.txt.j2", shown),
                html=_render(self._html, "layout.html.j2", shown),
            )

    def chat(self, item: Item, *, reader: Reader, directory: Directory) -> str:
        """The chat message for `item`, as markdown. Raises RenderError and UnknownPolicyError."""
        name, view = self._view(item, reader, directory)
        with _faults_of(name):
            return _render(self._chat, "layout.chat.md.j2", view | _said(self._chat, name, view))

    def _view(self, item: Item, reader: Reader, directory: Directory) -> tuple[str, dict[str, Any]]:
        locale = reader.locale if reader.locale in LOCALES else LOCALES[0]
        template = item.data["template"]
        params = item.data["params"]
        seasonal = "season" in params["particulars"]
        pin = None if seasonal else params["request"]["policy"]
        scene = Scene(
            reader=Reader(name=reader.name, locale=locale, time_zone=reader.time_zone),
            directory=directory,
            labels=self._labels_of(pin["name"], pin["version"]) if pin else NO_LABELS,
            console=self._console,
            answering=self._answering,
            words=self._words[locale],
        )
        return f"{locale}/{template}.j2", season_view(item, scene) if seasonal else view_of(item, scene)


def _ours(words: Any) -> Any:
    """`words` with every text in it marked as ours."""
    match words:
        case dict():
            return {key: _ours(inner) for key, inner in words.items()}
        case list():
            return [_ours(inner) for inner in words]
        case _:
            return Ours(words)


def one_line(value: object) -> str:
    """`value` as text on one line, each run of blank space as one space."""
    return " ".join(seen(value).split())


def seen(value: object) -> str:
    """`value` as text without line breaks and characters that are not seen."""
    text = str(value)
    return text if text.isprintable() else _UNSEEN.sub(" ", text)


def visible(value: object) -> object:
    """`value` without unseen characters where it is plain text; what is markup already stays as it is."""
    return value if type(value) is not str or value.isprintable() else _UNSEEN.sub(" ", value)


def without_markup(value: object) -> str:
    """`value` as one short line in which no character can be taken for markdown or a mention."""
    return str(value) if isinstance(value, Ours) else shortened(one_line(value), LONGEST_IN_CHAT).translate(_MARKUP)


class _DataFirst(SandboxedEnvironment):
    """The sandbox, in which `view.name` of plain data is its entry of that name, without looking for an attribute first."""

    def getattr(self, obj: Any, attribute: str) -> Any:
        if type(obj) is dict and attribute in obj:
            return obj[attribute]
        return super().getattr(obj, attribute)


def _environment(templates: Path, *, finalize: Any, autoescape: bool = False) -> SandboxedEnvironment:
    environment = _DataFirst(
        loader=FileSystemLoader(templates),
        undefined=StrictUndefined,
        finalize=finalize,
        autoescape=autoescape,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=False,
        auto_reload=False,
    )
    environment.globals.clear()  # a template shows what it is given and needs no functions
    return environment


def _said(environment: Environment, name: str, view: dict[str, Any]) -> dict[str, str]:
    """What the blocks of the template `name` say, by their names; a quotation is there for layouts to ask for, if only empty."""
    template = environment.get_template(name)
    context = template.new_context(view, shared=True)
    blocks = {block: Ours("".join(words(context))) for block, words in template.blocks.items()}
    return {"quoted": view["words"]["reason"], "quote": "", **blocks}


def _render(environment: Environment, layout: str, view: dict[str, Any]) -> str:
    template = environment.get_template(layout)
    return "".join(template.root_render_func(template.new_context(view, shared=True)))


@contextmanager
def _faults_of(name: str) -> Iterator[None]:
    """A template's fault, whatever it is, ends this one message."""
    try:
        yield
    except Exception as error:
        problem = f"The template {name} cannot be rendered ({type(error).__name__}); mend it and send the message again."
        raise RenderError(problem) from error
