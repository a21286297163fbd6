"""The calls that change something: submit, amend, withdraw, waive, send again from the desk, store files, erase, import people."""

import hashlib
from pathlib import Path

from shared.client.call import Call, command, dumped, reads, safe
from shared.client.models import Erased, ErasedFiles, Imported, Stored
from shared.schemas.model import Json
from shared.schemas.requests import Answer

BINARY = "application/octet-stream"


def submit(request: Json, *, key: str | None = None) -> Call[Answer]:
    """Submit one request; the answer is its verdict. The same request again is answered as a duplicate."""
    return command("POST", "/v1/requests", request, Answer, key)


def amend(request_id: str, changes: Json, *, key: str | None = None) -> Call[Answer]:
    """Change fields (JSON Merge Patch): null removes one, objects merge, everything else replaces."""
    return command("PATCH", f"/v1/requests/{safe(request_id)}", changes, Answer, key)


def withdraw(request_id: str, reason: str, *, key: str | None = None) -> Call[Answer]:
    """Take a request back."""
    return command("POST", f"/v1/requests/{safe(request_id)}/withdraw", {"reason": reason}, Answer, key)


def waive(request_id: str, precondition: str, reason: str, *, key: str | None = None) -> Call[Answer]:
    """Let a returned request do without a precondition: by the token of a person whom the policy names."""
    body = {"precondition": precondition, "reason": reason}
    return command("POST", f"/v1/requests/{safe(request_id)}/waive", body, Answer, key)


def resent(entry: str, correction: Json) -> Call[Answer]:
    """An entry of the desk, sent again; see `errands.resend`. What is None is not said."""
    content = dumped({name: value for name, value in correction.items() if value is not None})
    path, headers = f"/v1/desk/{safe(entry)}/resend", {"Content-Type": "application/json"}
    return Call(method="POST", service="intake", path=path, read=reads(Answer), headers=headers, content=content)


def store_attachment(content: bytes | Path, *, name: str, media_type: str = BINARY) -> Call[Stored]:
    """Store a file before the request that names it; storing it again changes nothing. A path is read piece by piece."""
    path = f"/v1/attachments/{digest_of(content)}"
    headers, params = {"Content-Type": media_type}, {"name": name}
    return Call(method="PUT", service="intake", path=path, read=reads(Stored), params=params, headers=headers, content=content)


def erase(request_id: str, *, by: str, files: bool = False) -> Call[Erased]:
    """Erase the personal values of a request: by the services' token, and `by` names the operator. Safe to repeat.

    With `files`, also the uploads that it alone names. Then `erase_files`: what was rendered before holds the values still.
    """
    path, params = f"/internal/requests/{safe(request_id)}/erase", {"by": by, "files": "true" if files else None}
    return Call(method="POST", service="intake", path=path, read=reads(Erased), params=params)


def erase_files(request_id: str, *, by: str) -> Call[ErasedFiles]:
    """Delete what was rendered of a request, after `erase`: by the services' token. Safe to repeat."""
    path = f"/internal/requests/{safe(request_id)}/erase"
    return Call(method="POST", service="documents", path=path, read=reads(ErasedFiles), params={"by": by})


def import_people(directory: bytes) -> Call[Imported]:
    """Import a directory (YAML or JSON): by the services' token. Importing it again changes nothing."""
    headers = {"Content-Type": "application/yaml"}
    return Call(
        method="POST", service="intake", path="/v1/people:import", read=reads(Imported), headers=headers, content=directory
    )


def digest_of(content: bytes | Path) -> str:
    """The SHA-256 (hex) of bytes, or of a file in constant memory."""
    if isinstance(content, bytes):
        return hashlib.sha256(content).hexdigest()
    with content.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
