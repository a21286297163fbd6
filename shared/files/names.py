"""File names from outside: what hides in them, what a system would make of them, and how they stand in a header. Pure."""

import re
import unicodedata
from urllib.parse import quote

MOST_BYTES = 200
"""Of a name in UTF-8: below the 255 of common file systems, with room for what a browser adds."""
HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})
JOINER = "\u200d"
"""Emoji are put together with it; between letters it is as harmless as any."""
SEPARATORS = '\\/:*?"<>|'
DEVICES = re.compile(r"(?:con|prn|aux|nul|conin\$|conout\$|clock\$|com[0-9¹²³]|lpt[0-9¹²³])(?:\.|$)", re.IGNORECASE)
NAMELESS = "file"


def hides(name: str) -> bool:
    """Whether `name` holds control characters, characters that turn the direction of reading, or a path."""
    return any(sign in "/\\" or _hidden(sign) for sign in name)


def harmless_name(name: str) -> str:
    """`name` as one part of a path on any system, reading as it is: no path, no hidden sign, no device, not too long."""
    last = re.split(r"[/\\]", name)[-1]
    shown = "".join("_" if sign in SEPARATORS else sign for sign in unicodedata.normalize("NFC", last) if not _hidden(sign))
    shown = " ".join(shown.split()).strip(" .") or NAMELESS
    return _shortened(f"_{shown}" if DEVICES.match(shown) else shown)


def disposition(name: str) -> str:
    """Content-Disposition by RFC 6266: always an attachment, with a plain fallback and the real name in UTF-8 (RFC 8187)."""
    safe = harmless_name(name)
    plain = "".join(sign if (sign.isascii() and sign.isalnum()) or sign in "-._" else "_" for sign in safe)
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(safe, safe='')}"


def ending(name: str) -> str:
    """What stands behind the last dot, in small letters; "" when there is none."""
    stem, dot, last = name.rstrip(" .").rpartition(".")
    return last.lower() if dot and stem else ""


def _hidden(sign: str) -> bool:
    return sign != JOINER and unicodedata.category(sign) in HIDDEN


def _shortened(name: str) -> str:
    """The name within the limit, its ending kept."""
    if len(name.encode()) <= MOST_BYTES:
        return name
    stem, dot, last = name.rpartition(".")
    tail = f".{last}" if dot and len(last) <= 10 and last.isascii() else ""
    kept = (stem if tail else name).encode()[: MOST_BYTES - len(tail)]
    return kept.decode("utf-8", "ignore").rstrip(" .") + tail
