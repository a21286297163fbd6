"""The token of a link: what was asked and nothing else, of whom it was asked, under which command it is answered."""

import hashlib
import hmac
import string
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import replace

import pytest

from shared.acting.links import FIELDS, LENGTH, PURPOSES, SIGNING, Asking, Links

SECRET = "a secret of these tests, long and random: 81x"
NEWER = "a newer secret of theirs, random too: q77z"
ASKING = Asking(
    purpose="opinion",
    request="6f1c9a52-3f0e-5d7b-9a64-0b5b8a1f2c11",
    person="QH10001",
    until=1_803_000_000,
    stamp=2,
    round=1,
)
TOKEN = Links([SECRET]).token(ASKING)
RAW = urlsafe_b64decode(TOKEN + "=")


def written(raw: bytes) -> str:
    return urlsafe_b64encode(raw).rstrip(b"=").decode()


def forged(**changes: object) -> str:
    """What was signed, with another field under the old signature."""
    other = urlsafe_b64decode(Links([SECRET]).token(replace(ASKING, **changes)) + "=")  # type: ignore[arg-type]
    return written(other[: FIELDS.size] + RAW[FIELDS.size :])


def signed_as(label: bytes, said: bytes = RAW[: FIELDS.size], secret: str = SECRET) -> str:
    """What was said, signed by somebody who has the secret under another label."""
    key = hmac.digest(secret.encode(), label, hashlib.sha256)
    return written(said + hmac.digest(key, said, hashlib.sha256)[:16])


def other_last(token: str) -> list[str]:
    """The same bytes, as base64 writes them in a way nobody should."""
    return [token[:-1] + last for last in string.ascii_letters + string.digits + "-_" if last != token[-1]]


def test_what_was_asked_is_read():
    ask = Links([SECRET]).read(TOKEN)
    assert ask is not None
    assert (ask.purpose, ask.request, ask.until, ask.stamp, ask.round) == ("opinion", ASKING.request, ASKING.until, 2, 1)
    assert Links([SECRET]).who(ask, ["QH10002", "QH10001"]) == "QH10001"
    assert Links([SECRET]).who(ask, ["QH10002"]) is None


@pytest.mark.parametrize("purpose", PURPOSES)
def test_every_purpose_is_read_as_itself(purpose: object):
    ask = Links([SECRET]).read(Links([SECRET]).token(replace(ASKING, purpose=purpose)))  # type: ignore[arg-type]
    assert ask is not None
    assert ask.purpose == purpose


FORGED = {
    "purpose": forged(purpose="delivery"),
    "request": forged(request="6f1c9a52-3f0e-5d7b-9a64-0b5b8a1f2c12"),
    "person": forged(person="QH10002"),
    "until": forged(until=ASKING.until + 1),
    "stamp": forged(stamp=3),
    "round": forged(round=2),
    "form": signed_as(SIGNING, bytes([2]) + RAW[1 : FIELDS.size]),
    "no such purpose": signed_as(SIGNING, bytes([1, 9]) + RAW[2 : FIELDS.size]),
    "signed for a file": signed_as(b"backline signed address 1"),
    "signed for a person's name": signed_as(b"backline link to act, person 1"),
    "signed by another": Links([NEWER]).token(ASKING),
    "not signed": written(RAW[: FIELDS.size] + bytes(16)),
    "signature cut": TOKEN[:-1],
    "cut": TOKEN[:40],
    "empty": "",
    "longer": TOKEN + "A",
    "padded": TOKEN + "=",
    "huge": TOKEN * 1000,
    "one bit": written(RAW[:-1] + bytes([RAW[-1] ^ 1])),
    "other alphabet": "+" + TOKEN[1:],
    "not ASCII": "令" * LENGTH,
    "surrogate": "\ud800" * LENGTH,
    "blank": " " + TOKEN[1:],
    "line": TOKEN[:-1] + "\n",
}


@pytest.mark.parametrize("token", FORGED.values(), ids=FORGED.keys())
def test_what_was_changed_or_is_not_ours_is_nothing(token: str):
    assert Links([SECRET]).read(token) is None


def test_the_forgers_means_make_a_good_one_where_nothing_is_changed():
    assert forged() == TOKEN
    assert signed_as(SIGNING) == TOKEN


def test_the_same_bytes_written_otherwise_are_not_taken():
    same = [token for token in other_last(TOKEN) if urlsafe_b64decode(token + "=") == RAW]
    assert len(same) == 3, "base64 has that many ways for a last character of four bits"
    assert [token for token in same if Links([SECRET]).read(token) is not None] == []


def test_secrets_are_changed_without_breaking_links_under_way():
    ask = Links([NEWER, SECRET]).read(TOKEN)
    assert ask is not None
    assert Links([NEWER, SECRET]).who(ask, ["QH10001"]) == "QH10001"
    assert Links([NEWER, SECRET]).token(ASKING) == Links([NEWER]).token(ASKING) != TOKEN


def test_the_same_asking_is_the_same_token_and_command_and_another_is_not():
    ask, again = Links([SECRET]).read(TOKEN), Links([SECRET]).read(Links([SECRET]).token(ASKING))
    other = Links([SECRET]).read(Links([SECRET]).token(replace(ASKING, until=ASKING.until + 1)))
    assert ask is not None
    assert again is not None
    assert other is not None
    assert ask.command == again.command != other.command


def test_nothing_in_a_token_names_anybody_and_it_fits_into_an_address():
    assert len(TOKEN) == LENGTH
    assert b"QH10001" not in RAW
    same_person = urlsafe_b64decode(Links([NEWER]).token(ASKING) + "=")
    assert same_person[18:30] != RAW[18:30], "who has no secret cannot tell who it is by trying"


def test_the_command_tells_nobody_the_token():
    ask = Links([SECRET]).read(TOKEN)
    assert ask is not None
    assert TOKEN not in ask.command
    assert RAW[FIELDS.size :].hex() not in ask.command


def test_a_request_whose_id_no_token_holds_has_none():
    assert Links([SECRET]).token(replace(ASKING, request="R1")) == ""
