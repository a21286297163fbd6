"""What a download answers: parts, tags, and only media types that no browser renders as a page."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
from starlette.datastructures import Headers

from shared.http.downloads import SAFE, download, handed_out

DATA = b"0123456789"


@dataclass(frozen=True)
class About:
    sha256: str = "ab"
    size: int = len(DATA)


@dataclass(frozen=True)
class File:
    about: About = About()

    async def pieces(self, first: int = 0, last: int | None = None) -> AsyncIterator[bytes]:
        yield DATA[first : None if last is None else last + 1]


async def asked(method: str = "GET", **headers: str) -> tuple[int, bytes, str | None]:
    """Status, body and Content-Range of the answer."""
    given = Headers({name.replace("_", "-"): value for name, value in headers.items()})
    answer = download(File(), name="a.txt", media_type="text/plain", asked=given, method=method)
    body = b"".join([piece async for piece in answer.body_iterator]) if hasattr(answer, "body_iterator") else answer.body  # type: ignore[misc]
    assert all(answer.headers[name] == value for name, value in SAFE.items())
    assert answer.headers["content-disposition"].startswith("attachment; ")
    if answer.status_code in {200, 206} and method == "GET":
        assert answer.headers["content-length"] == str(len(body))
    return answer.status_code, body, answer.headers.get("content-range")


@pytest.mark.parametrize(
    ("given", "status", "body", "place"),
    [
        ("", 200, DATA, None),
        ("bytes=0-3", 206, b"0123", "bytes 0-3/10"),
        ("bytes=4-", 206, b"456789", "bytes 4-9/10"),
        ("bytes=-3", 206, b"789", "bytes 7-9/10"),
        ("bytes=-99", 206, DATA, "bytes 0-9/10"),
        ("bytes=8-99", 206, b"89", "bytes 8-9/10"),
        ("bytes=10-", 416, b"", "bytes */10"),
        ("bytes=-0", 416, b"", "bytes */10"),
        ("bytes=5-2", 200, DATA, None),
        ("bytes=0-1,4-5", 200, DATA, None),
        ("bytes=-", 200, DATA, None),
        ("rows=0-1", 200, DATA, None),
        ("bytes=0-" + "9" * 400, 200, DATA, None),
    ],
)
async def test_a_part_is_sent_as_it_was_asked_for(given: str, status: int, body: bytes, place: str | None):
    assert await asked(range=given) == (status, body, place)


async def test_a_part_of_another_version_is_the_whole_file():
    assert await asked(range="bytes=0-3", if_range='"cd"') == (200, DATA, None)
    assert (await asked(range="bytes=0-3", if_range='"ab"'))[0] == 206


@pytest.mark.parametrize(
    ("tag", "status"), [('"ab"', 304), ('W/"ab"', 304), ('"x", "ab"', 304), ("*", 304), ('"a"', 200), ("ab", 200)]
)
async def test_a_known_file_is_not_sent_again(tag: str, status: int):
    assert (await asked(if_none_match=tag))[0] == status


async def test_head_says_the_same_and_sends_nothing():
    assert await asked("HEAD") == (200, b"", None)


@pytest.mark.parametrize(
    ("kept", "handed"),
    [
        ("application/pdf", "application/pdf"),
        ("text/csv; charset=gb18030", "text/csv; charset=gb18030"),
        ("text/plain; x=y", "text/plain"),
        ("text/html", "application/octet-stream"),
        ("text/html; charset=utf-8", "application/octet-stream"),
        ("image/svg+xml", "application/octet-stream"),
        ("application/xhtml+xml", "application/octet-stream"),
        ("text/plain\r\nSet-Cookie: a=b", "application/octet-stream"),
        ("", "application/octet-stream"),
    ],
)
def test_a_media_type_from_before_is_handed_out_only_if_it_is_harmless(kept: str, handed: str):
    assert handed_out(kept) == handed
