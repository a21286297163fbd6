"""What is said of an attached file: its name, media type, size and SHA-256, each checked and each named when it is wrong. Pure."""

import re
from collections.abc import Callable, Mapping

from shared.catalogue.shapes import Shaping
from shared.schemas.model import Json

MAX_BYTES = 25 * 1024 * 1024
MEDIA_TYPE = r"[A-Za-z0-9!#$&^_.+-]+/[A-Za-z0-9!#$&^_.+-]+([ \t]*;.*)?"
SHA256 = r"[0-9A-Fa-f]{64}"
MAX_NAME = 255

SCHEMA: Json = {
    "type": "object",
    "properties": {
        "name": {"type": "string", "minLength": 1, "maxLength": MAX_NAME},
        "path": {"type": "string", "description": "where the file lies with the sender; not used"},
        "media_type": {"type": "string", "pattern": f"^{MEDIA_TYPE}$"},
        "size": {"type": "integer", "minimum": 0, "maximum": MAX_BYTES, "description": "bytes"},
        "sha256": {"type": "string", "pattern": f"^{SHA256}$", "description": "of the content, hexadecimal"},
    },
    "required": ["media_type", "name", "sha256", "size"],
}
"""The same as JSON Schema, for forms."""


def check_attachment(shaping: Shaping, file: object, path: str) -> None:
    """Record a problem for each part of `file` that is missing or wrong; `path` is where it stands in the message."""
    if not isinstance(file, dict):
        zh, en = "应含 name、media_type、size 和 sha256", "must hold name, media_type, size and sha256"
        shaping.wrong(path, "wrong_shape", f"“{path}”{zh}；请更正。", f"“{path}” {en}; correct it.")
        return
    for key, (fits, zh, en) in PARTS.items():
        here = f"{path}.{key}"
        if file.get(key) is None:
            if key not in OPTIONAL:
                shaping.wrong(here, "missing", f"缺少“{here}”，{zh}；请补充。", f"“{here}” is missing: {en}; add it.")
        elif not fits(file[key]):
            shaping.wrong(here, "wrong_shape", f"“{here}”有误，{zh}；请更正。", f"“{here}” is wrong: {en}; correct it.")


def _is_name(value: object) -> bool:
    return isinstance(value, str) and 0 < len(value.strip()) <= MAX_NAME


def _is_size(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= MAX_BYTES


def _is_media_type(value: object) -> bool:
    return isinstance(value, str) and re.fullmatch(MEDIA_TYPE, value.strip()) is not None


def _is_sha256(value: object) -> bool:
    return isinstance(value, str) and re.fullmatch(SHA256, value) is not None


OPTIONAL = frozenset({"path"})
PARTS: Mapping[str, tuple[Callable[[object], bool], str, str]] = {
    "name": (_is_name, f"应为 1 至 {MAX_NAME} 字的文件名", f"it must be the file's name, 1 to {MAX_NAME} characters"),
    "path": (lambda value: isinstance(value, str), "应为文字", "it must be a text"),
    "media_type": (_is_media_type, "应为介质类型，如 application/pdf", "it must be a media type such as application/pdf"),
    "size": (_is_size, f"应为 0 至 {MAX_BYTES} 的整数（字节）", f"it must be a whole number of bytes from 0 to {MAX_BYTES}"),
    "sha256": (_is_sha256, "应为内容的 SHA-256（64 位十六进制）", "it must be the content's SHA-256 in 64 hexadecimal digits"),
}
