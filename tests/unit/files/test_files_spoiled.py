"""Sound files, spoiled at random: each is taken or refused with a reason, and nothing else is raised."""

import io
import random
import zipfile

import pytest

from shared.files.archive import Limits
from shared.files.inspecting import inspect
from shared.files.refusals import FileRefused
from tests.unit.files.hostile import a_zip, an_office_file, compound, nested, overlapping

SOUND = {
    "package": an_office_file(parts={"word/embeddings/a.zip": nested(1)}),
    "stored": a_zip({"a/b.txt": b"text" * 50, "c.xml": b"<a/>"}, zipfile.ZIP_STORED),
    "overlapping": overlapping(5),
    "compound": compound("WordDocument", "1Table", "Data", "SummaryInformation"),
    "page": b"<!-- x --><html><body>text</body></html>",
    "mail": b"From: a@x\r\nTo: b@x\r\nMIME-Version: 1.0\r\n\r\ntext",
}
TURNS = 400


def spoiled(data: bytes, chance: random.Random) -> bytes:
    """`data` with some bytes changed, taken out, or put in twice."""
    spoilt = bytearray(data)
    for _ in range(chance.choice((1, 1, 2, 8))):
        place, length = chance.randrange(len(spoilt)), chance.choice((1, 2, 4, 40))
        match chance.randrange(4):
            case 0:
                spoilt[place] ^= 1 << chance.randrange(8)
            case 1:
                spoilt[place : place + length] = chance.choice((b"\0", b"\xff")) * length
            case 2 if len(spoilt) > 100:
                del spoilt[place : place + length]
            case _:
                spoilt[place:place] = spoilt[place : place + length]
    return bytes(spoilt)


@pytest.mark.parametrize("sound", SOUND)
def test_a_spoiled_file_has_a_clear_outcome(sound: str):
    chance = random.Random(sound)
    outcomes: set[str] = set()
    for _ in range(TURNS):
        data = spoiled(SOUND[sound], chance)
        try:
            outcomes.add(inspect(io.BytesIO(data), name="a.dat", limits=Limits(unpacked=3_000_000)).kind)
        except FileRefused as error:
            outcomes.add(error.code)
    assert len(outcomes) > 1
