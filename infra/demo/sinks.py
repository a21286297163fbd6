"""What arrived outside: mails in the Maildir by Message-ID, chat texts in the sink's file by the notification they name.

A chat text names its notification by eight hex digits, enough to tell the sample's apart.
"""

import json
import re
from collections import Counter
from email.parser import BytesHeaderParser
from pathlib import Path

from services.notify.rendering.view import reference_of

NOTIFICATION = re.compile(r"(?:通知：|Notification: )([0-9a-f]{8})</font>")


class Sinks:
    """Reads the sinks' folders; nothing is cached, so every question sees the present."""

    def __init__(self, maildir: Path, chats: Path) -> None:
        self._maildir = maildir
        self._chats = chats

    def mails(self) -> Counter[str]:
        """How often each delivery's mail arrived."""
        parser = BytesHeaderParser()
        found: Counter[str] = Counter()
        for file in (self._maildir / "new").glob("*"):
            identity = str(parser.parsebytes(file.read_bytes())["Message-ID"])
            found[identity.strip("<> ").split("@")[0]] += 1
        return found

    def chats(self) -> Counter[str]:
        """How often each delivery's text arrived, by the delivery's reference; a message may carry several."""
        lines = self._chats.read_text(encoding="utf-8").splitlines() if self._chats.exists() else []
        return Counter(
            identity for line in lines for identity in NOTIFICATION.findall(json.dumps(json.loads(line), ensure_ascii=False))
        )

    def has(self, channel: str, delivery: str) -> bool:
        """Whether a delivery arrived."""
        return reference_of(delivery) in self.chats() if channel == "chat" else delivery in self.mails()
