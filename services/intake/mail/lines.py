"""Finds “字段：值” in a text as people lay it out: numbered, bulleted, indented, in brackets, a value over several lines. Pure."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field

from shared.catalogue.handwriting import BULLET

COLON = re.compile(r"[:：﹕︓]")
BRACKETS = re.compile(r"[【\[［](?P<label>[^】\]］]{1,60})[】\]］]\s*[:：]?(?P<value>.*)", re.DOTALL)
LONGEST_LABEL = 80
LONGEST_UNKNOWN = 24
NO_LABEL = re.compile(r"[，,。；;！!？?“”\"、@/\\<>]|^\d+$|^(?:https?|ftp|mailto)$", re.IGNORECASE)
EDGES = " \t\u3000\u00a0\u200b\u200e\u200f\ufeff*_|"
CONTACTS = frozenset(
    {"分机", "电话", "手机", "手机短号", "传真", "地址", "邮箱", "邮编", "微信", "网址"}
    | {"tel", "phone", "mobile", "cell", "fax", "address", "email", "e-mail", "web", "ext", "office ext"}
)
Known = Callable[[str], bool]


@dataclass
class Entry:
    """One label with its value. `block` says that the value began on the line below its label."""

    label: str
    known: bool
    lines: list[str] = field(default_factory=list)
    block: bool = False

    @property
    def value(self) -> str:
        """All its lines."""
        return "\n".join(self.lines).strip()


def entries(text: str, known: Known) -> list[Entry]:
    """The labelled values of `text` in their order. What stands alone, with no label and below none, is left out.

    A value goes on over the lines below until a blank line, a known label, or (unless it began below its label) any label.
    """
    found: list[Entry] = []
    open_: Entry | None = None
    for line in text.split("\n"):
        if not line.strip(EDGES):
            open_ = None
            continue
        label, value = _parted(line, known)
        if label is not None and (known(label) or open_ is None or not open_.block):
            open_ = Entry(label=label, known=known(label), lines=[value] if value else [], block=not value)
            found.append(open_)
        elif open_ is not None:
            open_.lines.append(line.strip(EDGES))
    begun = next((place for place, entry in enumerate(found) if entry.known), len(found))
    return [entry for place, entry in enumerate(found) if entry.known or (entry.value and not _beside(entry, place < begun))]


def _beside(entry: Entry, before_all: bool) -> bool:
    """A greeting before all fields, or the telephone of a signature that nothing marks as one: no field was meant."""
    return (entry.block and before_all) or entry.label.casefold().rstrip(".") in CONTACTS


def _parted(line: str, known: Known) -> tuple[str | None, str]:
    """(label, value) of a line, or (None, "")."""
    bare = line.strip(EDGES)
    unnumbered = BULLET.sub("", bare, count=1).strip(EDGES)
    for candidate in dict.fromkeys((unnumbered, bare)):
        if (boxed := BRACKETS.fullmatch(candidate)) and known(boxed["label"]):
            return boxed["label"].strip(EDGES), boxed["value"].strip(EDGES)
        if (tabbed := candidate.split("\t", 1))[1:] and known(tabbed[0]):
            return tabbed[0].strip(EDGES), tabbed[1].strip(EDGES + ":：")
        if (colon := COLON.search(candidate, 0, LONGEST_LABEL + 1)) is not None:
            label, value = candidate[: colon.start()].strip(EDGES), candidate[colon.end() :].strip(EDGES)
            if known(label) or (candidate is unnumbered and _like_a_label(label, value)):
                return label, value
    return None, ""


def _like_a_label(label: str, value: str) -> bool:
    return 0 < len(label) <= LONGEST_UNKNOWN and not NO_LABEL.search(label) and not value.startswith("//")
