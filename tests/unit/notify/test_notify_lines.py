"""Lines and dates of a mail: written the quick way they are what the slow way writes."""

from datetime import UTC, datetime, timedelta, timezone
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.notify.channels.mail import _dated, crlf

PIECES = st.lists(st.sampled_from([b"a", b".", b"\r", b"\n", b"\r\n", "中".encode(), b"\x0b", b"\x85"])).map(b"".join)


@given(PIECES)
def test_every_line_ends_with_crlf_and_nothing_else_ends_one(data: bytes):
    assert crlf(data) == b"".join(line + b"\r\n" for line in data.splitlines())
    assert crlf(crlf(data)) == crlf(data)


@pytest.mark.parametrize("zone", [UTC, timezone(timedelta(hours=8)), timezone(timedelta(hours=-3, minutes=-30)), None])
def test_a_date_is_written_in_its_own_zone(zone: timezone | None):
    date = datetime(2027, 3, 1, 9, 0, 5, 123456, tzinfo=zone)
    assert _dated(date.replace(microsecond=0, tzinfo=None), date.utcoffset()) == format_datetime(date)


def test_one_moment_in_two_zones_is_written_in_both():
    moment = datetime(2027, 3, 1, 1, tzinfo=UTC)
    there = moment.astimezone(timezone(timedelta(hours=8)))
    written = {_dated(date.replace(tzinfo=None), date.utcoffset()) for date in (moment, there)}
    assert written == {"Mon, 01 Mar 2027 01:00:00 +0000", "Mon, 01 Mar 2027 09:00:00 +0800"}
