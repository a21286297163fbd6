"""Builders for the tests of seasons: people who may declare them, and the real domain in a small ledger's place."""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from pydantic import BaseModel

from services.routing.domain.seasons.deciding import SeasonContext, SeasonDomain
from services.routing.domain.seasons.state import Seasons
from shared.ledger.messages import Decision, Told, Woken
from shared.schemas.envelope import Event, dataschema
from shared.schemas.registry import TYPE_OF
from shared.schemas.seasons import SEASONS, Season, SeasonFigures
from tests.unit.routing.routing_build import NOW, POLICY, a_directory, a_person

CHIEF = a_person("chief", "company_leader", unit="headquarters")
LEADER = a_person("leader", "bu_leader")
SOUTH_LEADER = a_person("southern", "bu_leader", unit="south")
DIRECTORY = a_directory(CHIEF, LEADER, SOUTH_LEADER, a_person("asker", "account_manager"))
DAY = timedelta(days=1)
BUSY = SeasonFigures(cap_factor=1.5, borrowing=True, lenders_keep=2, ageing=True)


def a_season(unit: str | None = "east", *, figures: SeasonFigures = BUSY, **changes: Any) -> Season:
    """One that has begun a day ago and lasts for nine more."""
    plain = Season(id="S1", name="春标", business_unit=unit, starts=NOW - DAY, ends=NOW + 9 * DAY, figures=figures)
    return plain.model_copy(update=changes)


@dataclass
class Book:
    """The entry of all seasons in the hands of the real domain; facts are evolved as the ledger would."""

    context: SeasonContext = field(default_factory=lambda: SeasonContext(now=NOW, directory=DIRECTORY, rules=POLICY.season))
    state: Seasons = field(default_factory=Seasons)
    said: list[BaseModel] = field(default_factory=list)

    def tells(self, command: str, by: str = "leader", /, **data: Any) -> Decision:
        told = Told(id=f"{command}{len(self.said)}", subject=SEASONS, name=command, data={**data, "by": by}, at=self.context.now)
        return self._take(SeasonDomain().decide(self.state, told, self.context))

    def declares(self, *, by: str = "leader", **data: Any) -> Decision:
        given = {"id": "S1", "name": "春标", "business_unit": "east", "from": moment(NOW + DAY), "to": moment(NOW + 10 * DAY)}
        return self.tells("declare", by, **{**given, **data})

    def wakes(self, at: datetime) -> Decision:
        self.context = replace(self.context, now=at)
        return self._take(SeasonDomain().decide(self.state, Woken(subject=SEASONS), self.context))

    @property
    def kinds(self) -> list[str]:
        return [type(fact).__name__ for fact in self.said]

    def _take(self, decision: Decision) -> Decision:
        for fact in decision.facts:
            self.said.append(fact)
            self.state = SeasonDomain().evolve(self.state, an_event(fact, len(self.said), self.context.now))
        return decision


def moment(at: datetime) -> str:
    return at.isoformat()


def an_event(fact: BaseModel, sequence: int, at: datetime) -> Event:
    name = TYPE_OF[type(fact)]
    data = fact.model_dump(mode="json")
    attributes = {"source": "routing", "type": name, "subject": SEASONS, "sequence": sequence, "time": at}
    return Event.say(**attributes, data=data, dataschema=dataschema(name))
