"""Those whom a season concerns are told once when it begins, changes or ends, in their language, and of nothing before it begins."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import BaseModel

from services.notify import seasons
from services.notify.policy import load_policy
from services.notify.rendering.view import Reader
from services.notify.rooms import Desks, Projections
from services.notify.seasons import SeasonNotices
from services.notify.state import Context, DocumentState, State
from shared.ledger.messages import NOTHING, Decision, Heard, Item, Outcome, Settled
from shared.ledger.messages import Told as Command
from shared.schemas.envelope import Event, dataschema
from shared.schemas.registry import TYPE_OF
from shared.schemas.seasons import (
    SEASONS,
    Season,
    SeasonBegan,
    SeasonChanged,
    SeasonDeclared,
    SeasonEnded,
    SeasonFigures,
    SeasonWithdrawn,
)
from shared.storage import Sight
from tests.unit.notify.letters import EN, ZH, Tags, a_renderer
from tests.unit.notify.notify_build import NOW, a_directory

FIGURES = SeasonFigures(cap_factor=1.5, cap_more=2, borrowing=True, lenders_keep=2, ageing=True)
SEASON = Season(
    id="S1",
    name="春季集中投标",
    business_unit="east",
    starts=datetime(2027, 3, 1, 1, tzinfo=UTC),
    ends=datetime(2027, 3, 20, 16, tzinfo=UTC),
    figures=FIGURES,
)
BEGAN = SeasonBegan(season=SEASON, told=("boss", "anna"))
CHANGED = SeasonChanged(season=SEASON, by="boss", reason="投标推迟", told=("boss", "anna"))
ENDED = SeasonEnded(season=SEASON, cause="time", told=("boss", "anna"))
EARLY = SeasonEnded(season=SEASON, cause="person", by="boss", reason="项目均已开标", told=("boss", "anna"))


class Told:
    """The domain of seasons' mails over one entry."""

    def __init__(self) -> None:
        self.state, self.said = State(), 0
        self.domain = SeasonNotices(load_policy())

    def hear(self, fact: BaseModel, sequence: int = 1) -> Decision:
        return self._take(self.domain.decide(self.state, Heard(event=an_event(fact, sequence)), Context(now=NOW)))

    def settle(self, item: Item) -> Decision:
        return self._take(self.domain.decide(self.state, Settled(subject=SEASONS, item=item, end="done"), Context(now=NOW)))

    def _take(self, decision: Decision) -> Decision:
        for fact in decision.facts:
            self.said += 1
            self.state = self.domain.evolve(self.state, an_event(fact, self.said))
        return decision


def an_event(fact: BaseModel, sequence: int) -> Event:
    name = TYPE_OF[type(fact)]
    source = "routing" if name.startswith("backline.season.") else "notify"
    attributes: dict[str, Any] = {"source": source, "type": name, "subject": SEASONS, "sequence": sequence}
    return Event.say(**attributes, time=NOW, data=fact.model_dump(mode="json"), dataschema=dataschema(name))


@pytest.mark.parametrize("fact", [BEGAN, ENDED])
def test_everybody_concerned_is_told_once_however_often_it_is_heard(fact: BaseModel):
    told = Told()
    decision = told.hear(fact)
    assert [(item.kind, item.data["recipient"]) for item in decision.items] == [("email", "boss"), ("email", "anna")]
    assert told.hear(fact) == NOTHING
    for item in decision.items:
        assert len(told.settle(item).facts) == 1
        assert told.settle(item) == NOTHING
    assert {one.status for one in told.state.deliveries.values()} == {"sent"}


def test_the_end_is_told_beside_the_beginning_and_not_to_whoever_brought_it_about():
    told = Told()
    told.hear(BEGAN)
    assert [item.data["recipient"] for item in told.hear(CHANGED, 2).items] == ["anna"]
    assert [item.data["recipient"] for item in told.hear(EARLY, 3).items] == ["anna"]


@pytest.mark.parametrize("kind", [SeasonDeclared, SeasonChanged, SeasonWithdrawn])
def test_what_only_will_be_is_told_to_nobody(kind: Any):
    assert Told().hear(kind(season=SEASON, by="boss")) == NOTHING


@pytest.mark.parametrize("season", [SEASON, SEASON.model_copy(update={"business_unit": None})], ids=["unit", "all"])
@pytest.mark.parametrize("fact", [BEGAN, CHANGED, ENDED, EARLY], ids=["began", "changed", "ended", "early"])
@pytest.mark.parametrize("reader", [ZH, EN], ids=["zh", "en"])
def test_its_mails_say_what_counts_until_when(fact: Any, season: Season, reader: Reader):
    for item in Told().hear(fact.model_copy(update={"season": season})).items:
        letter = a_renderer().letter(item, reader=reader, directory=a_directory())
        assert "春季集中投标" in letter.subject
        for words in (letter.text, Tags(letter.html).shown):
            assert reader.name in words
            assert ("×1.5 +2" in words) == (type(fact) in {SeasonBegan, SeasonChanged})
            assert ("2027年3月21日 00:00" if reader is ZH else "20 Mar 2027, 12:00") in words
            assert ("全部" in words or "All business" in words) == (season.business_unit is None)
            assert ("项目均已开标" in words) == (fact is EARLY)
            assert ("投标推迟" in words) == (fact is CHANGED)
            assert "None" not in words
            assert "{" not in words


def test_a_name_that_would_be_markup_is_text():
    season = SEASON.model_copy(update={"name": "<b>春</b>\r\nBcc: x", "ends": SEASON.ends + timedelta(days=1)})
    (item, _) = Told().hear(BEGAN.model_copy(update={"season": season})).items
    letter = a_renderer().letter(item, reader=ZH, directory=a_directory())
    assert "<b>" not in letter.html
    assert "\n" not in letter.subject


def test_of_those_that_have_ended_the_latest_are_kept(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(seasons, "KEPT", 3)
    told = Told()
    first, second = told.hear(BEGAN).items, told.hear(ENDED, 2).items
    for item in (*first, *second):
        told.settle(item)
    assert list(told.state.deliveries) == [first[1].id, *(item.id for item in second)]
    assert told.settle(first[0]) == NOTHING


async def test_mails_of_seasons_are_seen_and_settled_as_those_of_a_request():
    """Without a room to tell, what is in doubt after a restore could never be settled."""

    class Room:
        def __init__(self, name: str) -> None:
            self.name = name

        async def tell(self, message: Command) -> Outcome:
            return Outcome(subject=self.name, state=None)

        async def state(self, _sight: Sight, _request: str) -> State:
            return State(documents={self.name: DocumentState(kind="x", together=())})

    desks, reads = Desks(Room("requests"), Room("seasons")), Projections(Room("requests"), Room("seasons"))
    for subject, room in ((SEASONS, "seasons"), ("R1", "requests")):
        wish = Command(id="1", subject=subject, name="resolve", data={}, at=NOW)
        assert (await desks.tell(wish)).subject == room
        found = await reads.state(Sight.of_our_services(), subject)
        assert found is not None
        assert list(found.documents) == [room]
