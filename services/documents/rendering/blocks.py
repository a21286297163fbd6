"""The plain blocks a document is made of. Pure; a block is data alone, so nothing in it can act as markup of any template.

Kinds: facts {rows: [[label, value]], paired}, label {text}, text {text}, list {items}, table {columns, rows, total, widths},
checks {items}, signatures {items}.
"""

import unicodedata
from collections.abc import Sequence
from typing import Any

from shared.schemas.model import Json

NARROWEST = 6
WIDEST = 40
NOT_CHARACTERS = "\ufffe\uffff"
TURNING = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
"""Signs that make what follows read in another order than it was written."""


def facts(rows: Sequence[Sequence[str]], *, paired: bool = False) -> list[Json]:
    """A table of labels and values, `paired` two in a line; nothing when there are none."""
    return [{"kind": "facts", "rows": [list(row) for row in rows], "paired": paired}] if rows else []


def label(text: str) -> Json:
    """A small heading over the block that follows it."""
    return {"kind": "label", "text": text}


def text(content: str) -> Json:
    """A paragraph; its line breaks are kept."""
    return {"kind": "text", "text": content}


def listing(items: Sequence[str]) -> list[Json]:
    """A list with bullets; nothing when it is empty."""
    return [{"kind": "list", "items": list(items)}] if items else []


def table(columns: Sequence[str], rows: Sequence[Sequence[str]], total: Sequence[str] = ()) -> Json:
    """A table, with a heading row unless `columns` is empty; shorter rows are filled up.

    `widths` are the columns' shares of the page, by their longest line.
    """
    width = max(len(columns), *(len(row) for row in rows), 1)
    even = [[*row, *[""] * (width - len(row))] for row in rows]
    lines = [line for line in (list(columns), *even, list(total)) if line]
    widths = [min(WIDEST, max(NARROWEST, *(_columns_wide(line[place]) for line in lines))) for place in range(width)]
    return {"kind": "table", "columns": list(columns), "rows": even, "total": list(total), "widths": widths}


def merged(blocks: Sequence[Json]) -> list[Json]:
    """`blocks` with tables of facts that follow each other made one."""
    made: list[Json] = []
    for block in blocks:
        if made and block["kind"] == made[-1]["kind"] == "facts":
            made[-1] = {**block, "rows": [*made[-1]["rows"], *block["rows"]]}
        else:
            made.append(block)
    return made


def clean(value: Any) -> Any:
    """`value` with every character that no page may show (controls, lone surrogates, turning signs) as a space; everything else stays."""
    match value:
        case str():
            return "".join(character if _shown(character) else " " for character in value)
        case dict():
            return {key: clean(inner) for key, inner in value.items()}
        case list():
            return [clean(inner) for inner in value]
        case _:
            return value


def _shown(character: str) -> bool:
    if character in "\n\t":
        return True
    return unicodedata.category(character) not in {"Cc", "Cs"} and character not in NOT_CHARACTERS + TURNING


def _columns_wide(content: str) -> int:
    """How wide the longest line is: a Chinese character counts two."""
    lines = content.split("\n")
    return max(sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in line) for line in lines)
