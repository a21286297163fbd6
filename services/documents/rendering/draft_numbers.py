"""The numbers Word puts before paragraphs by itself: a contract's articles must not lose them on paper. (ECMA-376 Part 1, 17.9)"""

import re
from collections.abc import Callable
from typing import Any

from docx.oxml.ns import qn

DIGITS = "零一二三四五六七八九"
ROMAN = ((1000, "M"), (900, "CM"), (500, "D"), (400, "CD"), (100, "C"), (90, "XC"), (50, "L"), (40, "XL"))
SMALL_ROMAN = ((10, "X"), (9, "IX"), (5, "V"), (4, "IV"), (1, "I"))
Xml = Any
"""An lxml element: its library has no types."""


class Numbers:
    """Counts a document's numbered paragraphs, in the order in which they are asked for."""

    def __init__(self, numbering: Xml | None, styles: Xml) -> None:
        """`numbering` and `styles` are the roots of the parts of those names; without numbering nothing is numbered."""
        definitions = (
            {} if numbering is None else {_attribute(one, "abstractNumId"): one for one in _all(numbering, "abstractNum")}
        )
        self._abstract_of = {} if numbering is None else {_attribute(one, "numId"): one for one in _all(numbering, "num")}
        self._levels = {key: {_attribute(level, "ilvl"): level for level in _all(one, "lvl")} for key, one in definitions.items()}
        self._styles = {_attribute(style, "styleId"): style for style in _all(styles, "style")}
        self._counts: dict[str, dict[int, int]] = {}
        self._started: set[tuple[str, int]] = set()

    def before(self, paragraph: Xml) -> str:
        """The number of a w:p element as it reads, for example "第三条" or "2.1"; empty when it has none."""
        number, level = self._place(paragraph)
        definition = self._abstract_of.get(number)
        if definition is None:
            return ""
        abstract = _value(definition.find(qn("w:abstractNumId")))
        levels = self._levels.get(abstract, {})
        if str(level) not in levels:
            return ""
        counts = self._count(definition, number, abstract, level)
        if _format(levels[str(level)]) == "bullet":
            return "•"
        spec = levels[str(level)]
        arabic = spec.find(qn("w:isLgl")) is not None
        pattern = _value(spec.find(qn("w:lvlText")))
        return re.sub(r"%([1-9])", lambda found: _written(levels, counts, int(found[1]) - 1, arabic=arabic), pattern).strip()

    def _count(self, definition: Xml, number: str, abstract: str, level: int) -> dict[int, int]:
        counts = self._counts.setdefault(abstract, {})
        for override in _all(definition, "lvlOverride"):
            start = override.find(qn("w:startOverride"))
            key = (number, int(_attribute(override, "ilvl") or 0))
            if start is not None and key[1] == level and key not in self._started:
                counts[level] = int(_value(start) or 1) - 1
            self._started.add(key)
        counts[level] = counts.get(level, _start(self._levels[abstract][str(level)]) - 1) + 1
        for deeper in [other for other in counts if other > level]:
            del counts[deeper]
        return counts

    def _place(self, paragraph: Xml) -> tuple[str, int]:
        """The list and level of a paragraph: its own, or its style's."""
        holder = paragraph.find(qn("w:pPr"))
        style = _value(holder.find(qn("w:pStyle"))) if holder is not None else ""
        level: int | None = None
        for _ in range(20):  # styles may be based on each other in a circle
            numbering = holder.find(qn("w:numPr")) if holder is not None else None
            if numbering is not None:
                own = _value(numbering.find(qn("w:ilvl")))
                level = int(own) if level is None and own else level
                if number := _value(numbering.find(qn("w:numId"))):
                    return number, level or 0
            found = self._styles.get(style)
            if found is None:
                break
            holder, style = found.find(qn("w:pPr")), _value(found.find(qn("w:basedOn")))
        return "", 0


def _all(root: Xml, name: str) -> list[Xml]:
    return list(root.findall(qn(f"w:{name}")))


def _attribute(element: Xml, name: str) -> str:
    return str(element.get(qn(f"w:{name}")) or "")


def _value(element: Xml | None) -> str:
    return "" if element is None else _attribute(element, "val")


def _start(level: Xml) -> int:
    return int(_value(level.find(qn("w:start"))) or 1)


def _format(level: Xml) -> str:
    return _value(level.find(qn("w:numFmt"))) or "decimal"


def _written(levels: dict[str, Xml], counts: dict[int, int], level: int, *, arabic: bool) -> str:
    """The number that stands for one level; `arabic` where the numbering is marked as legal (w:isLgl)."""
    spec = levels.get(str(level))
    if spec is None:
        return ""
    count = counts.get(level, _start(spec))
    return str(count) if arabic else WRITTEN.get(_format(spec), str)(count)


def chinese(count: int) -> str:
    """1 to 9999 as it is counted in Chinese: 十, 十二, 一百零三."""
    if not 0 < count < 10_000:
        return str(count)
    made, gap = "", False
    for unit, name in ((1000, "千"), (100, "百"), (10, "十"), (1, "")):
        digit, count = divmod(count, unit)
        if digit:
            made += ("零" if gap and made else "") + DIGITS[digit] + name
        gap = not digit
    return made.removeprefix("一") if made.startswith("一十") else made


def roman(count: int) -> str:
    """A Roman number in capitals."""
    made = ""
    for worth, sign in (*ROMAN, *SMALL_ROMAN):
        times, count = divmod(count, worth)
        made += sign * times
    return made


def letters(count: int) -> str:
    """a to z, then aa, bb … as Word counts."""
    return chr(ord("a") + (count - 1) % 26) * ((count - 1) // 26 + 1)


WRITTEN: dict[str, Callable[[int], str]] = {
    "decimal": str,
    "decimalZero": lambda count: f"{count:02d}",
    "upperRoman": roman,
    "lowerRoman": lambda count: roman(count).lower(),
    "upperLetter": lambda count: letters(count).upper(),
    "lowerLetter": letters,
    "chineseCounting": chinese,
    "chineseCountingThousand": chinese,
    "ideographDigital": chinese,
    "japaneseCounting": chinese,
    "taiwaneseCounting": chinese,
    "decimalEnclosedCircle": lambda count: chr(0x2460 + count - 1) if count <= 20 else str(count),
    "decimalEnclosedCircleChinese": lambda count: chr(0x2460 + count - 1) if count <= 20 else str(count),
    "none": lambda _count: "",
}
