"""What looks at texts from outside takes time in proportion to them: the worst there is for each pattern, in a generous time."""

import time
from collections.abc import Callable

import pytest

from services.intake.mail.authenticated import COMMENT, SAID
from services.intake.mail.automatic import MACHINES, SUBJECTS
from services.intake.mail.cutting import cut
from services.intake.mail.html_text import text_of
from services.intake.mail.letter import MESSAGE_ID
from services.intake.mail.lines import entries
from services.intake.mail.threads import NUMBER, ROOT
from shared.files.executables import is_dangerous
from shared.files.kinds import SNIFFED, written
from shared.files.names import harmless_name
from shared.files.unpacking import ELSEWHERE
from shared.http.idempotency import LONGEST, LONGEST_WRITTEN, key_in

SECONDS = 5.0
"""Of a machine that is busy with other things; what these took before was minutes, or had no end."""
LONG = 100_000
FILES: dict[str, Callable[[], object]] = {
    "comments": lambda: written(b"<!---->" * (SNIFFED // 7)),
    "comments and a word": lambda: written(b"<!-- a -->\n" * 300 + b"x"),
    "a comment without end": lambda: written(b"<!--" * (SNIFFED // 4)),
    "declarations": lambda: written(b"<!doctype" + b" " * SNIFFED),
    "prefixes": lambda: written(b"<?xml " + b"<a" * SNIFFED),
    "mail fields": lambda: written(b"a:\n" + b" \n" * SNIFFED),
    "blanks behind a name": lambda: is_dangerous("a." + " " * LONG + "/"),
    "dots and blanks behind a name": lambda: is_dangerous("a" + " ." * LONG + "/"),
    "dots in a name": lambda: is_dangerous("." * LONG + "x"),
    "a long name": lambda: harmless_name("a." + " " * LONG),
    "slashes of a target": lambda: ELSEWHERE.match("file:" + "/" * LONG) or ELSEWHERE.match(" " * LONG),
    "a key": lambda: key_in("a" * LONG + "\x01"),
    "a key in quotes": lambda: key_in('"' + "\\\\" * LONG),
    "a key of blanks": lambda: key_in("a" + " " * LONG + "\x01"),
}
MAILS: dict[str, Callable[[], object]] = {
    "comments of results": lambda: COMMENT.sub("", "(" * LONG),
    "blanks of results": lambda: SAID.findall("dmarc" + " " * LONG + "a" * LONG),
    "a sender": lambda: MACHINES.match("noreply+" * (LONG // 8)),
    "a subject": lambda: SUBJECTS.match(" " * LONG + "auto reply" + " " * LONG + "x"),
    "numbers": lambda: NUMBER.findall("BL-" * LONG),
    "ids": lambda: ROOT.findall("<request." * LONG) or MESSAGE_ID.findall("<a" * LONG),
    "lines of marks": lambda: cut("-" * LONG + "\n" + "= " * LONG + "x"),
    "who wrote": lambda: cut(("On " + "于" * 390 + "\n") * 200),
    "forwarded again and again": lambda: cut("Begin forwarded message:\n" * 19_000),
    "headers of what is forwarded": lambda: cut("Begin forwarded message:\n" + "From: x\n" * 19_000),
    "tags without end": lambda: text_of("<a" * LONG),
    "one tag without end": lambda: text_of("<" + "a" * LONG),
    "attributes without end": lambda: text_of('<a b="' * LONG),
    "comments without end": lambda: text_of("<!--" * LONG),
    "labels": lambda: entries("[a" * LONG + "\n" + "1." * LONG + "\n" + " " * LONG + "：x", bool),
}


@pytest.mark.parametrize("look", [*FILES.values(), *MAILS.values()], ids=[*FILES, *MAILS])
def test_the_worst_there_is_takes_no_long_time(look: Callable[[], object]):
    begun = time.perf_counter()
    look()
    assert time.perf_counter() - begun < SECONDS


def test_of_what_is_forwarded_in_a_forwarded_mail_nothing_is_told():
    begin = "Begin forwarded message:\nFrom: x\n\n"
    told = cut(f"a\n{begin}b\n{begin}c\n{begin}d")
    assert (told.own, told.forwarded) == ("a", "b")


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        (b"<!-- a --><html>", "page"),
        (b"<!---->\r\n<!-- <b> -->\t<SCRIPT>", "page"),
        (b"<!-- a -->x", "xml"),
        (b"<!-- a", "xml"),
        (b"<!doctype html>", "page"),
        (b"a --> <html>", "text"),
    ],
)
def test_comments_before_a_page_do_not_hide_it(text: bytes, kind: str):
    assert written(text) == kind


@pytest.mark.parametrize(
    "name", ["a.exe", "a.EXE . .", "a.exe\u3000", "a. exe", ".exe", "b/a.exe", "a.txt.exe", "a.exe::$DATA", "a.exe\n"]
)
def test_nothing_behind_an_ending_hides_it(name: str):
    assert is_dangerous(name)


@pytest.mark.parametrize("name", ["exe", "a.txt", "a.exe/", "a.exe.txt", "b.exe\\a", "", ".", " . "])
def test_what_has_no_such_ending_is_not_dangerous(name: str):
    assert not is_dangerous(name)


@pytest.mark.parametrize(
    ("value", "key"),
    [
        ("a", "a"),
        (" a b ", "a b"),
        ('"a\\"b\\\\"', 'a"b\\'),
        ("a" * LONGEST, "a" * LONGEST),
        ('"' + "\\\\" * LONGEST + '"', "\\" * LONGEST),
        ("a" * (LONGEST + 1), None),
        ("a" + " " * LONGEST_WRITTEN, None),
        ('a"b', None),
        ("a\\b", None),
        ("a\x01", None),
        ("a\tb", None),
        ("é", None),
        ("", None),
        ('""', None),
    ],
)
def test_a_key_is_printable_and_of_bounded_length(value: str, key: str | None):
    assert key_in(value) == key
