"""Source systems that begin with backline. are ours: nobody else takes the reference of a request that our service will open."""

from typing import Any

import pytest

from services.intake.domain.identity import reserved
from services.intake.domain.state import State
from shared.schemas.model import Json
from tests.builders import a_body, with_details
from tests.unit.intake.desk import Desk

PART = {"system": "backline.bid", "reference": "4f1c/price"}
OURS: Json = {"by": "service:service", "unit": ""}


def a_part(**changes: Any) -> Json:
    return a_body(source=PART, **changes)


@pytest.mark.parametrize("system", ["backline.bid", " Backline.Bid\t", "BACKLINE.", "backline.anything"])
@pytest.mark.parametrize("channel", ["http", "batch", "topic", "file", "mail"])
@pytest.mark.parametrize(("by", "unit"), [("unit:harbour", "harbour"), ("person:A1", "harbour"), ("person:A3", "islands")])
def test_nobody_files_under_a_system_of_ours_on_any_channel(system: str, channel: str, by: str, unit: str):
    desk = Desk()
    body = {"business_unit": "harbour", "source": {"system": system, "reference": "4f1c/price"}}
    for sent in (body, a_body(source=body["source"])):
        refusal = desk.told("submit", sent, by=by, unit=unit, channel=channel).refusal
        assert refusal is not None
        assert (refusal.code, refusal.status) == ("reserved_system", 422)
    assert (desk.state, desk.events) == (State(), [])


@pytest.mark.parametrize("name", ["amend", "withdraw"])
def test_nothing_is_held_for_a_request_that_our_service_will_open(name: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("services.intake.domain.early.identity", lambda _body: "R")
    desk = Desk()
    refusal = desk.told(name, {**a_part(), "reason": "作罢"}).refusal
    assert refusal is not None
    assert (refusal.code, desk.state) == ("reserved_system", State())


def test_our_service_opens_it_and_whoever_it_is_for_corrects_and_amends_it():
    desk = Desk()
    lacking = with_details(a_part(), topics=None)
    assert desk.told("submit", lacking, **OURS).answer == {"outcome": "returned", "amended": False}
    assert desk.told("submit", a_part(), by="unit:islands", unit="islands").refusal is not None
    assert desk.state.status == "returned"
    assert desk.told("submit", a_part()).answer == {"outcome": "accepted", "amended": True}
    assert desk.told("amend", {"priority": "low"}).refusal is None


@pytest.mark.parametrize("system", ["crm", "mail", "backline", "my.backline.bid", "", None, 7])
def test_other_systems_are_their_own(system: object):
    assert not reserved({"source": {"system": system, "reference": "1"}})
    assert not reserved({"source": system})
