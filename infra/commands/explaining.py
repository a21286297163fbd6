"""Why these people: a request's choices in sentences, and each worked out again from its record, byte for byte."""

from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from infra.commands.desk import Folder
from infra.commands.ending import FAILED, reaching
from infra.commands.language import Language, Locale, language_of, sentence
from infra.commands.target import FOLDER, Target, checked
from services.routing.domain.reproducing import reproduced, same
from shared.schemas.routing import DecisionRecord

console = Console()
Url = Annotated[
    str, typer.Option(help="routing's address instead of a local stack; a token that sees the request is in BACKLINE_TOKEN")
]
WORDS: dict[Language, dict[str, str]] = {
    "zh": {
        "none": "该申请还没有任何选人记录。",
        "same": "由记录重新计算，逐字节一致。",
        "other": "由记录重新计算，结果不一致：记录已被改动，请勿采信。",
        "early": "记录出自较早版本，其中没有计算依据，无法重新计算。",
        "person": "人员",
        "total": "得分",
    },
    "en": {
        "none": "Nobody has been chosen for this request yet.",
        "same": "Worked out again from the record: the same, byte for byte.",
        "other": "Worked out again from the record: not the same. The record was changed; do not rely on it.",
        "early": "The record is of an earlier release and does not hold what its scores were worked out from.",
        "person": "person",
        "total": "total",
    },
}


def add_to(app: typer.Typer) -> None:
    """explain."""
    app.command("explain")(explain)


def explain(
    request: Annotated[str, typer.Argument(help="the request's id")],
    unit: Annotated[str, typer.Option(help="as which unit to ask, at a local stack")] = "",
    folder: Folder = FOLDER,
    url: Url = "",
    locale: Locale = None,
) -> None:
    """Who was chosen for a request and why; scores and choice are worked out again from the record.

    Exit status 1: a record does not give what it says.
    """
    language = language_of(locale)
    target = Target.chosen(folder, "routing", url)
    address = target.url("routing")
    with reaching(address), target.client(f"dev-unit-{unit}", language=language) as client:
        answer = checked(client.get(f"{address}/v1/requests/{request}/decision"))
    records = [DecisionRecord.model_validate(record) for record in answer["decisions"]]
    words = WORDS[language]
    if not records:
        console.print(words["none"])
    sound = [_shown(request, record, words, language) for record in records]
    if not all(sound):
        raise typer.Exit(FAILED)


def _shown(request: str, record: DecisionRecord, words: dict[str, str], language: Language) -> bool:
    """Print one record; whether it gives what it says, as far as it can be worked out."""
    console.print(sentence(record.explanation.model_dump(), language), highlight=False, markup=False)
    if record.candidates:
        parts = list(record.candidates[0].parts)
        table = Table("#", words["person"], words["total"], *parts)
        for one in record.candidates:
            numbers = [f"{one.parts.get(part, 0.0):g}" for part in parts]
            table.add_row(str(one.rank), escape(one.person), f"{one.total:.6f}", *numbers)
        console.print(table)
    again = reproduced(request, record)
    verdict = "early" if again is None else "same" if same(record, again) else "other"
    console.print(words[verdict], highlight=False)
    return verdict != "other"
