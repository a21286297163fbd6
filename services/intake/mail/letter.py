"""What a mail is to us: who wrote it, about what, in which words, with which files; and why one cannot be read."""

import hashlib
import re
from dataclasses import dataclass, field

from shared.schemas.model import Json, Text

MESSAGE_ID = re.compile(r"<[!-;=?-~]{1,198}>")
"""What may stand as a reference: printable ASCII between angle brackets (RFC 5322, 3.6.4), short enough for an identity."""


class Unreadable(Exception):  # noqa: N818  # it names what the mail is, and becomes the answer
    """A mail that is refused as it stands; `text` says why and what to do, with no value of the mail."""

    def __init__(self, text: Text) -> None:
        super().__init__(text.en)
        self.text = text


@dataclass(frozen=True, kw_only=True)
class File:
    """One attachment. `name` has no path and no control character."""

    name: str
    media_type: str
    data: bytes

    @property
    def sha256(self) -> str:
        """Of the content, in hex."""
        return hashlib.sha256(self.data).hexdigest()

    def named(self) -> Json:
        """As a request names it."""
        return {"name": self.name, "media_type": self.media_type, "size": len(self.data), "sha256": self.sha256}


@dataclass(frozen=True, kw_only=True)
class Letter:
    """`text` is the writer's own words, `forwarded` what they passed on; quotations and signatures are in neither.

    `sender` is the one address of From, empty when there is none or several. `references` are the Message-IDs the mail answers,
    the latest first. `headers` holds every value of each header by its name in small letters.
    """

    sender: str = ""
    recipients: tuple[str, ...] = ()
    subject: str = ""
    date: str = ""
    message_id: str | None = None
    references: tuple[str, ...] = ()
    text: str = ""
    forwarded: str = ""
    files: tuple[File, ...] = ()
    media_type: str = "text/plain"
    headers: dict[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def content(self) -> str:
        """A digest of what the mail says: it tells a second delivery from another mail under the same Message-ID."""
        parts = (self.subject, self.text, self.forwarded, *(file.sha256 for file in self.files))
        return hashlib.sha256("\x1f".join(parts).encode("utf-8", "surrogatepass")).hexdigest()

    @property
    def reference(self) -> str:
        """The mail's identity at its sender: its Message-ID, else a digest of sender, date and content."""
        if self.message_id is not None:
            return self.message_id
        raw = f"{self.sender}\x1f{self.date}\x1f{self.content}".encode("utf-8", "surrogatepass")
        return f"digest:{hashlib.sha256(raw).hexdigest()[:32]}"
