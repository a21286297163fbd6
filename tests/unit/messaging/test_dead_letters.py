"""A dead letter loses no byte, in either of its two forms, and says why it is one."""

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.messaging.dead_letters import Dead, DeadLetters, copy_of, identity_of, original_of
from shared.messaging.wire import UNREADABLE, Record
from shared.telemetry import metrics
from tests.builders.judging import NOW

NAMES = st.text(st.characters(exclude_categories=["Cs"]), max_size=20) | st.sampled_from(
    ["origin", "problem", "original-key", "original:x"]
)
BYTES = st.none() | st.binary(max_size=30)
RECORDS = st.builds(
    Record,
    topic=st.sampled_from(["backline.requests.v1", "a|b"]),
    partition=st.integers(-1, 20),
    offset=st.integers(-1, 2**40),
    key=BYTES,
    headers=st.lists(st.tuples(NAMES, BYTES), max_size=6).map(tuple),
    value=BYTES,
)


@settings(deadline=None, database=None)
@given(record=RECORDS, problem=st.text(max_size=20))
def test_a_record_is_made_again_from_its_copy(record: Record, problem: str) -> None:
    key, value, headers = copy_of(record, problem)
    copy = Record(topic="backline.routing.dead-letter", partition=0, offset=3, key=key, headers=tuple(headers), value=value)
    assert original_of(copy) == record


class Office:
    """Both ends of the dead letters in memory."""

    def __init__(self, copied: bool = True) -> None:
        self.kept: dict[str, tuple[Record, str]] = {}
        self.copies: list[Record] = []
        self.copied = copied
        self.letters = DeadLetters("documents", self, self._copy, lambda: NOW)

    async def keep(self, identity: str, record: Record, problem: str, _at: Any) -> None:
        self.kept.setdefault(identity, (record, problem))

    async def _copy(self, dead: Sequence[Dead]) -> list[bool]:
        self.copies += [one.record for one in dead]
        return [self.copied] * len(dead)


def a_record(*headers: tuple[str, bytes | None], value: bytes = b"v") -> Record:
    return Record(topic="t", partition=1, offset=2, key=None, headers=headers, value=value)


def counted(reason: str) -> float:
    return metrics.DEAD_LETTERS.labels("documents", reason)._value.get()  # type: ignore[no-any-return]  # the library is untyped here


@pytest.mark.parametrize("copied", [True, False])
async def test_a_dead_letter_is_kept_whether_or_not_its_copy_could_be_said(copied: bool) -> None:
    office = Office(copied)
    await office.letters.bury([Dead(record=a_record(), problem="why")])
    assert office.kept == {identity_of(a_record()): (a_record(), "why")}
    assert office.copies == [a_record()]


async def test_dead_letters_are_counted_by_their_reason() -> None:
    office, before = Office(), (counted("unheard"), counted("undecodable"))
    undecodable = a_record((UNREADABLE, b"a header name"))
    await office.letters.bury(
        [
            Dead(record=a_record(), problem="not heard", reason="unheard"),
            Dead(record=undecodable, problem="no client can decode it"),
        ]
    )
    assert (counted("unheard"), counted("undecodable")) == (before[0] + 1, before[1] + 1)
