"""The keys file: which token, known by its SHA-256 alone, stands for which unit, person or service.

    - {sha256: 9f86d0…, kind: unit, id: east}
    - {sha256: 60303a…, kind: person, id: QH10001}

Invariant: a file that is not wholly understood is refused whole, so that a typing error never widens or drops access.
"""

from pathlib import Path
from typing import Literal

import yaml
from pydantic import ConfigDict, Field, ValidationError

from shared.schemas.model import Frozen


class KeysFileError(Exception):
    """The keys file cannot be used; the message names the file, the entry and the remedy."""


class Key(Frozen):
    """One token's digest (SHA-256 of its UTF-8 bytes, lower-case hex) and whom it stands for."""

    model_config = ConfigDict(extra="forbid")

    sha256: str = Field(pattern="^[0-9a-f]{64}$")
    kind: Literal["unit", "person", "service"]
    id: str = Field(min_length=1, max_length=100)
    business_unit: str | None = None
    roles: tuple[str, ...] = ()


def read_keys(path: str) -> tuple[Key, ...]:
    """The keys in the YAML (or JSON) file at `path`. Raises KeysFileError."""
    try:
        entries = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise KeysFileError(
            f"BACKLINE_KEYS_FILE {path} cannot be read ({type(error).__name__}); give a readable YAML file."
        ) from error
    if not isinstance(entries, list) or not entries:
        raise KeysFileError(f"BACKLINE_KEYS_FILE {path} is no list of keys; write entries of sha256, kind and id.")
    keys = tuple(_key(path, number, entry) for number, entry in enumerate(entries, start=1))
    digests = [key.sha256 for key in keys]
    for number, digest in enumerate(digests, start=1):
        if digest in digests[: number - 1]:
            raise KeysFileError(f"BACKLINE_KEYS_FILE {path}, entry {number}: this token stands there already; give each its own.")
    return keys


def _key(path: str, number: int, entry: object) -> Key:
    try:
        return Key.model_validate(entry)
    except ValidationError as error:
        faults = "; ".join(f"{'.'.join(map(str, fault['loc'])) or 'entry'}: {fault['msg']}" for fault in error.errors())
        raise KeysFileError(f"BACKLINE_KEYS_FILE {path}, entry {number}: {faults}.") from error
