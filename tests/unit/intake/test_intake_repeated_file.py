"""The same file sent again: what it lacked may be there by now, and what was corrected since stays."""

import json
from collections.abc import Collection, Mapping
from typing import Any

import pytest

from shared.catalogue.attachments import Uploaded
from shared.schemas.model import Json
from tests.unit.intake.life import Life
from tests.unit.intake.states import GOOD

SHA = "ab" * 32
BODY = GOOD | {"attachments": [{"name": "a.pdf", "media_type": "application/pdf", "size": 10, "sha256": SHA}]}
BATCH = {"Authorization": "Bearer dev-unit-harbour", "Content-Type": "application/jsonl"}


class Files:
    """What was uploaded."""

    def __init__(self) -> None:
        self.there: dict[str, Uploaded] = {}

    async def known(self, digests: Collection[str]) -> Mapping[str, Uploaded]:
        return {digest: self.there[digest] for digest in digests if digest in self.there}


@pytest.fixture
def files() -> Files:
    return Files()


@pytest.fixture
def life(files: Files) -> Life:
    made = Life(GOOD)
    made.room.ledger._rounds._surroundings._enclosed = files  # type: ignore[attr-defined]
    return made


async def sent(life: Life, **headers: str) -> Json:
    answer = await life.client.post("/v1/requests:batch", content=json.dumps(BODY).encode(), headers=BATCH | headers)
    line: Json = answer.json()
    return line


async def test_a_line_that_was_returned_is_judged_anew_and_is_the_same_as_long_as_nothing_changed(life: Life, files: Files):
    first = await sent(life)
    assert [problem["code"] for problem in first["verdict"]["problems"]] == ["not_uploaded"]
    assert await sent(life) == first
    files.there[SHA] = Uploaded(size=10, by=frozenset({"harbour"}))
    for _ in range(2):
        assert ((await sent(life))["outcome"], life.room.requests.states[life.id].status) == ("accepted", "submitted")


async def test_under_a_key_of_the_senders_own_the_answer_is_the_one_that_was_given(life: Life, files: Files):
    first = await sent(life, **{"Idempotency-Key": "k"})
    files.there[SHA] = Uploaded(size=10, by=frozenset({"harbour"}))
    assert await sent(life, **{"Idempotency-Key": "k"}) == first


async def test_a_correction_in_between_stays(life: Life, files: Files):
    first: Any = await sent(life)
    await life.send("http", "amend", {"priority": "urgent"})
    files.there[SHA] = Uploaded(size=10, by=frozenset({"harbour"}))
    assert (await sent(life))["outcome"] == first["outcome"] == "returned"
    current = life.room.requests.states[life.id].private.current
    assert current is not None
    assert current.body["priority"] == "urgent"
