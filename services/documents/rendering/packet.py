"""What a contract review packet adds: the list of attached files, the draft in full, PDF pages to follow, originals to embed.

Invariant: every attachment is named with what became of it; none is left out without a word.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field

from services.documents.rendering.blocks import table, text
from services.documents.rendering.draft import WORD, UnreadableDraftError, read_draft
from services.documents.rendering.pdf import pages_of
from services.documents.rendering.wording import word
from shared.files.names import harmless_name
from shared.schemas.model import Json, Text

MAX_APPENDED_PAGES = 400
TRANSCRIBED = Text(zh="全文见下一部分", en="in full in the next section")
FOLLOWS = Text(zh="原页附后（{pages} 页）", en="its {pages} pages follow")
INSIDE = Text(zh="原文件内嵌于本 PDF", en="the original is inside this PDF")
LONG = Text(
    zh="共 {pages} 页，过长不附页；原文件内嵌于本 PDF", en="{pages} pages, too many to append; the original is inside this PDF"
)
DAMAGED = Text(
    zh="PDF 已损坏或加密，无法附页；请不加密码重新附上。", en="the PDF is damaged or locked; attach it again without a password."
)
NO_DRAFT = Text(
    zh="这种格式无法转录；请改附 .docx 或 PDF。", en="this kind of file cannot be shown here; attach it as .docx or PDF."
)
TRACKED = Text(
    zh="草案含修订标记：插入 {inserted} 处，删除 {deleted} 处。以下按接受全部修订后的文字列出，请对照原文件评审。",
    en="The draft holds tracked changes: {inserted} insertions, {deleted} deletions. It reads here as if all were accepted; "
    "compare it with the original.",
)
LEFT_OUT: dict[str, Text] = {
    "not_uploaded": Text(zh="内容未上传", en="its content was not uploaded"),
    "too_large": Text(zh="过大，未收入本材料", en="too large to be taken in"),
}


@dataclass(frozen=True, kw_only=True)
class Packet:
    """`sections` follow the document's own; `embedded` is (name, bytes); `notes` go into the manifest."""

    sections: tuple[Json, ...] = ()
    embedded: tuple[tuple[str, bytes], ...] = ()
    appended: tuple[bytes, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass
class _Made:
    """What the attachments read so far came to."""

    rows: list[list[str]] = field(default_factory=list)
    draft: list[Json] = field(default_factory=list)
    appended: list[bytes] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def packet(
    attachments: Sequence[tuple[str, str, bytes]], left_out: Sequence[tuple[str, str]], *, draft: object, locale: str
) -> Packet:
    """The packet of `attachments` (name, media type, bytes), of which the one named `draft` is shown in full.

    `left_out` is (name, reason) of those whose content is not at hand.
    """
    made = _Made()
    for name, media_type, data in attachments:
        became = _take(made, name, media_type, data, main=name == draft, locale=locale)
        made.rows.append([name, _size(len(data)), hashlib.sha256(data).hexdigest()[:16], became])
    for name, reason in left_out:
        became = LEFT_OUT[reason].by_locale(locale)
        made.rows.append([name, "", "", became])
        made.notes.append(f"{name}: {became}")
    columns = [word("file", locale), word("size", locale), "SHA-256", word("shown", locale)]
    listed = [{"heading": word("files", locale), "blocks": [table(columns, made.rows)], "new_page": False}] if made.rows else []
    shown = [{"heading": word("draft", locale), "blocks": made.draft, "new_page": True}] if made.draft else []
    return Packet(
        sections=(*listed, *shown),
        embedded=tuple((harmless_name(name), data) for name, _, data in attachments),
        appended=tuple(made.appended),
        notes=tuple(made.notes),
    )


def _take(made: _Made, name: str, media_type: str, data: bytes, *, main: bool, locale: str) -> str:
    """Take one file in; what became of it, for the list."""
    if data.startswith(b"%PDF-"):
        return _pages(made, name, data, locale)
    if not main:
        return INSIDE.by_locale(locale)
    if media_type == WORD or name.lower().endswith(".docx"):
        try:
            draft = read_draft(data)
        except UnreadableDraftError as error:
            return _problem(made, name, error.reason.by_locale(locale))
        if draft.inserted or draft.deleted:
            tracked = TRACKED.by_locale(locale).format(inserted=draft.inserted, deleted=draft.deleted)
            made.notes.append(f"{name}: {tracked}")
            made.draft.append(text(tracked))
        made.draft += draft.blocks
        return TRANSCRIBED.by_locale(locale) if draft.blocks else INSIDE.by_locale(locale)
    return _problem(made, name, NO_DRAFT.by_locale(locale))


def _pages(made: _Made, name: str, data: bytes, locale: str) -> str:
    pages = pages_of(data)
    if pages is None:
        return _problem(made, name, DAMAGED.by_locale(locale))
    if pages > MAX_APPENDED_PAGES:
        long = LONG.by_locale(locale).format(pages=pages)
        made.notes.append(f"{name}: {long}")
        return long
    made.appended.append(data)
    return FOLLOWS.by_locale(locale).format(pages=pages)


def _problem(made: _Made, name: str, problem: str) -> str:
    made.notes.append(f"{name}: {problem}")
    return problem


def _size(octets: int) -> str:
    return f"{octets / 1024:,.1f} KiB"
