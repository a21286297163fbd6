"""Characters that no font here can draw, made visible: 😀 reads [U+1F600] on paper, and is never an empty box."""

import json
import re
import unicodedata
from collections.abc import Iterable
from importlib.resources import files
from pathlib import Path
from typing import Final

import typst

PROBE = Path(str(files("services.documents") / "templates" / "signs.typ"))
STANDARD: Final = "a-2u"
"""A kind of PDF in which every character must have a glyph."""
PLAIN = re.compile("[\\s!-~·–—“”‘’…•、。〈-】〔〕一-龥！-～]")
"""What the packaged font is known to have: nearly all that stands in nearly all documents."""
REFUSED = re.compile(r'the text `"(?:\\u\{([0-9a-f]+)\}|\\?(.))"` could not be displayed')


def legible(data: str, fonts: Path) -> str:
    """The JSON text `data` with every character that neither `fonts` nor typst's own have written as its code point."""
    doubtful = {sign for sign in set(data) if not PLAIN.match(sign) and not _unseen(sign)}
    private = {sign for sign in doubtful if unicodedata.category(sign) == "Co"}  # each font's own business, and none of ours'
    missing = private | _missing(doubtful - private, fonts)
    return data.translate({ord(sign): f"[U+{ord(sign):04X}]" for sign in missing})


def _missing(signs: Iterable[str], fonts: Path) -> set[str]:
    """Those of `signs` that no font has."""
    asked = sorted(signs)
    if not asked:
        return set()
    inputs = {"signs": json.dumps(asked)}
    try:
        typst.compile(
            PROBE, font_paths=[fonts], ignore_system_fonts=True, sys_inputs=inputs, format="pdf", pdf_standards=STANDARD
        )
    except typst.TypstError as error:
        return {chr(int(code, 16)) if code else sign for code, sign in REFUSED.findall(error.diagnostic)}
    return set()


def _unseen(sign: str) -> bool:
    """Whether a character shows nothing of its own: it joins, turns or varies others."""
    return unicodedata.category(sign) == "Cf" or "\ufe00" <= sign <= "\ufe0f" or "\U000e0100" <= sign <= "\U000e01ef"
