"""Which type a mail asks for: a line that says so, else the address it was sent to, else the one type its subject names. Pure."""

import re
from collections.abc import Iterable

from shared.catalogue import Pack, RequestType
from shared.catalogue.choosing import CHAPTERS, chapter_named
from shared.catalogue.pack import fold


def kind_of(pack: Pack, *, line: str | None, recipients: Iterable[str], subject: str) -> tuple[RequestType | None, str | None]:
    """The type, if one is known, and what the request is to say of it: its key, what was written, a chapter, or nothing."""
    kind = (pack.type_by_alias(line) if line else None) or _by_address(pack, recipients) or _by_subject(pack, subject)
    if kind is not None:
        return kind, kind.key
    return None, line or _chapter(subject)


def _by_address(pack: Pack, recipients: Iterable[str]) -> RequestType | None:
    """support+customer-visit@…: what stands behind the plus, words joined by hyphens."""
    for recipient in recipients:
        _, plus, tag = recipient.rpartition("@")[0].partition("+")
        if plus and (kind := pack.type_by_alias(tag) or pack.type_by_alias(re.sub(r"[-_.]", " ", tag))):
            return kind
    return None


def _by_subject(pack: Pack, subject: str) -> RequestType | None:
    """The type whose name is in the subject, if it is the only one; a name inside a longer one does not count."""
    named: dict[str, str] = {}
    for key, kind in pack.types.items():
        for name in (kind.label.zh, kind.label.en, *kind.aliases):
            if _mentions(subject, name):
                named[name] = key
    whole = {key for name, key in named.items() if not any(name != other and fold(name) in fold(other) for other in named)}
    return pack.types[whole.pop()] if len(whole) == 1 else None


def _mentions(subject: str, name: str) -> bool:
    """English names as whole words, Chinese ones anywhere."""
    if not name.isascii():
        return fold(name) in fold(subject)
    words = r"\s+".join(map(re.escape, name.split()))
    return re.search(rf"(?<![A-Za-z]){words}(?![A-Za-z])", subject, re.IGNORECASE) is not None


def _chapter(subject: str) -> str | None:
    """The name of a chapter that the subject is about."""
    names = (name for names in CHAPTERS.values() for name in names)
    return next((name for name in names if _mentions(subject, name) and chapter_named(name)), None)
