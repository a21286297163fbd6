"""A document that went with the database is made again under its name: announced once, unless it came out otherwise."""

import pytest

from services.documents.domain import DocumentsDomain, State
from services.documents.keeping import Kept
from shared.ledger.messages import NOTHING, Item, Settled
from shared.schemas.documents import DocumentRendered
from tests.builders import a_document, events_of
from tests.unit.intake.desk import COORDINATED

DOMAIN = DocumentsDomain()
SHEET = {"sheet": {"name": "s.pdf", "size": 1, "sha256": "b" * 64}}


class Store:
    def __init__(self, *stored: str) -> None:
        self.stored = stored

    async def has(self, sha256: str) -> bool:
        return sha256 in self.stored


def after(*said: DocumentRendered) -> State:
    """The state of a request that has these documents."""
    state, say = State(), events_of("R")
    for fact in said:
        state = DOMAIN.evolve(state, say(fact))
    return state


def settled(made: DocumentRendered) -> Settled:
    return Settled(subject="R", item=Item(id=made.document, kind="render", data={}), end="done", data=made.model_dump())


def test_the_same_files_made_again_are_not_announced_again() -> None:
    made = a_document(manifest=SHEET)
    assert DOMAIN.decide(State(), settled(made), None).facts == (made,)
    assert DOMAIN.decide(after(made), settled(made), None) == NOTHING


@pytest.mark.parametrize("other", [{"sha256": "c" * 64}, {"manifest": {"sheet": {**SHEET["sheet"], "sha256": "c" * 64}}}])
def test_other_files_under_its_name_are_announced_and_take_its_place(other: dict[str, object]) -> None:
    made, again = a_document(manifest=SHEET), a_document(**{"manifest": SHEET, **other})
    assert DOMAIN.decide(after(made), settled(again), None).facts == (again,)
    assert after(made, a_document("D-2"), again).made == (a_document("D-2"), again)


@pytest.mark.parametrize(
    ("stored", "kept"), [(("a" * 64, "b" * 64), True), (("a" * 64,), False), (("b" * 64,), False), ((), False)]
)
async def test_a_document_is_kept_if_all_its_files_are(stored: tuple[str, ...], *, kept: bool) -> None:
    event = events_of("R")(a_document(manifest=SHEET))
    assert await Kept(Store(*stored))(event) == kept


async def test_what_names_no_file_is_kept() -> None:
    assert await Kept(Store())(events_of("R")(COORDINATED))
