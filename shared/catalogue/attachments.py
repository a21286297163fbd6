"""What is said of an attached file: its name, media type, size and SHA-256, each checked and each named when it is wrong, and
whether its content is there. Pure.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from shared.catalogue.shapes import Shaping
from shared.files.executables import is_dangerous
from shared.files.names import hides
from shared.schemas.model import Json, Text

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


@dataclass(frozen=True, kw_only=True)
class Uploaded:
    """Content under a SHA-256: its size in bytes and the units it was uploaded for, or why it was `refused` when it was."""

    size: int
    by: frozenset[str] = frozenset()
    refused: Text | None = None


def digests_in(body: object) -> frozenset[str]:
    """The SHA-256 of every file that `body` names, in small letters."""
    files = body.get("attachments") if isinstance(body, dict) else None
    named = (file.get("sha256") for file in (files if isinstance(files, list) else ()) if isinstance(file, dict))
    return frozenset(digest.lower() for digest in named if _is_sha256(digest) and isinstance(digest, str))


def check_uploaded(shaping: Shaping, files: object, uploaded: Mapping[str, Uploaded]) -> None:
    """Record a problem for each of the attached `files` whose content is not there, was refused, or has another size."""
    for place, file in enumerate(files if isinstance(files, list) else ()):
        if not isinstance(file, dict) or not _is_sha256(digest := file.get("sha256")):
            continue
        path, found = f"attachments.{place}", uploaded.get(str(digest).lower())
        called = str(file.get("name") or "")[:80] if _is_name(file.get("name")) else ""
        if found is None:
            zh = f"附件“{called}”的内容尚未上传；请先上传（PUT /v1/attachments/其 SHA-256），再以同一单号重新提交。"
            en = f"The content of “{called}” was not uploaded; upload it (PUT /v1/attachments/ and its SHA-256), then send this again."
            shaping.wrong(path, "not_uploaded", zh, en)
        elif found.refused is not None:
            zh, en = f"附件“{called}”未被接收：{found.refused.zh}", f"“{called}” was not taken: {found.refused.en}"
            shaping.wrong(path, "content_refused", zh, en)
        elif _is_size(file.get("size")) and file["size"] != found.size:
            zh = f"附件“{called}”的大小应为 {found.size} 字节，与所写不符；请更正。"
            en = f"“{called}” has {found.size} bytes, not as many as `size` says; correct it."
            shaping.wrong(f"{path}.size", "size_differs", zh, en)


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
    return isinstance(value, str) and 0 < len(value.strip()) <= MAX_NAME and not hides(value) and not is_dangerous(value)


def _is_size(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= MAX_BYTES


def _is_media_type(value: object) -> bool:
    return isinstance(value, str) and re.fullmatch(MEDIA_TYPE, value.strip()) is not None


def _is_sha256(value: object) -> bool:
    return isinstance(value, str) and re.fullmatch(SHA256, value) is not None


OPTIONAL = frozenset({"path"})
PARTS: Mapping[str, tuple[Callable[[object], bool], str, str]] = {
    "name": (
        _is_name,
        f"应为 1 至 {MAX_NAME} 字的文件名，不含路径、控制字符或改变书写方向的字符，且不是程序或脚本的名称",
        f"it must be the file's name, 1 to {MAX_NAME} characters, with no path and no hidden characters, and not a program's",
    ),
    "path": (lambda value: isinstance(value, str), "应为文字", "it must be a text"),
    "media_type": (_is_media_type, "应为介质类型，如 application/pdf", "it must be a media type such as application/pdf"),
    "size": (_is_size, f"应为 0 至 {MAX_BYTES} 的整数（字节）", f"it must be a whole number of bytes from 0 to {MAX_BYTES}"),
    "sha256": (_is_sha256, "应为内容的 SHA-256（64 位十六进制）", "it must be the content's SHA-256 in 64 hexadecimal digits"),
}
