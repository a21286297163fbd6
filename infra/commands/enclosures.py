"""Files that rows name as attachments: described by name, and stored with intake before the rows that name them are sent."""

import hashlib
import mimetypes
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path

from shared.catalogue.attachments import MAX_BYTES
from shared.client import Client, WronglyAsked
from shared.http.limits import BadJson, parse_json
from shared.schemas.model import Json

UNKNOWN = "application/octet-stream"


class Enclosures(Mapping[str, Json]):
    """The files of one folder by name, as requests describe them; none when there is no folder."""

    def __init__(self, folder: Path | None) -> None:
        self._paths = {path.name: path for path in sorted(folder.iterdir()) if path.is_file()} if folder else {}
        self._described: dict[str, Json] = {}
        self._waiting: list[str] = []

    def __getitem__(self, name: str) -> Json:
        """Name, media type, size in bytes and SHA-256 of a file; it waits to be stored."""
        if name not in self._described:
            path = self._paths[name]
            with path.open("rb") as file:
                digest = hashlib.file_digest(file, "sha256").hexdigest()
            kind = mimetypes.guess_type(name)[0] or UNKNOWN
            self._described[name] = {"name": name, "media_type": kind, "size": path.stat().st_size, "sha256": digest}
            self._waiting.append(name)
        return self._described[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._paths)

    def __len__(self) -> int:
        return len(self._paths)

    def notice(self, raw: bytes) -> None:
        """Have the files of this folder that the message `raw` names stored too; what is no message is intake's to answer."""
        if not self._paths:
            return
        try:
            message = parse_json(raw)
        except BadJson:
            return
        body = message.get("body", message) if isinstance(message, dict) else None
        named = body.get("attachments") if isinstance(body, dict) else None
        for file in named if isinstance(named, list) else ():
            if isinstance(file, dict) and isinstance(name := file.get("name"), str) and name in self._paths:
                self[name]

    def store(self, client: Client) -> None:
        """Store what was described since. Raises what the client raises. Storing a file again changes nothing.

        One that is larger than any request may name, or that intake does not take, is left to the verdict on what names it.
        """
        while self._waiting:
            file = self._described[self._waiting.pop()]
            if file["size"] > MAX_BYTES:
                continue
            with suppress(WronglyAsked):
                client.store_attachment(self._paths[file["name"]], name=file["name"], media_type=file["media_type"])
