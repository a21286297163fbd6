"""What arrived outside: mails in the Maildir by Message-ID, chat texts in the sink's file by the notification they carry."""

import json
import re
from collections import Counter
from email.parser import BytesHeaderParser
from pathlib import Path

NOTIFICATION = re.compile(r"notification=([0-9a-f-]{36})")


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
        """How often each delivery's text arrived; a message may carry several."""
        lines = self._chats.read_text(encoding="utf-8").splitlines() if self._chats.exists() else []
        return Counter(identity for line in lines for identity in NOTIFICATION.findall(json.dumps(json.loads(line))))

    def has(self, channel: str, delivery: str) -> bool:
        """Whether a delivery arrived."""
        return delivery in (self.chats() if channel == "chat" else self.mails())
