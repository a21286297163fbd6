"""Whose wording stands: who sees it whole on the desk, and by whose sight it is judged when it is waived."""

from dataclasses import replace
from pathlib import Path

import pytest

from services.intake.api.desk_shown import DeskEntry
from services.intake.domain import RequestDomain, State
from shared.catalogue.attachments import Uploaded
from shared.schemas.model import Json
from tests.builders import a_body, with_details
from tests.unit.intake.desk import Desk, a_context
from tests.unit.intake.states import LACKING, a_desk
from tests.unit.intake.test_intake_waiving import DIRECTORY, PRICE, WAIVER, a_pack

SECRET = "不公开的联系人"
THEIRS = with_details(LACKING, counterparts=[SECRET])
OURS = with_details(LACKING, counterparts=["另一位"])
SHA256 = "ab" * 32
FILE = {"name": "a.pdf", "media_type": "application/pdf", "size": 10, "sha256": SHA256}


def reads(desk: Desk, unit: str) -> bool:
    """Whether the unit sees the personal values of the wording on its desk."""
    shown = DeskEntry.whole(("R", desk.state), unit, service=False)
    assert desk.state.private.current is not None
    return (shown.body or {})["details"]["counterparts"] == desk.state.private.current.body["details"]["counterparts"]


def filed_by_mountain(body: Json = OURS) -> Desk:
    desk = Desk()
    desk.told("submit", body, by="unit:mountain", unit="mountain")
    assert (reads(desk, "mountain"), reads(desk, "harbour")) == (True, False)
    return desk


def test_who_filed_another_units_request_does_not_see_whole_what_that_unit_sends_since() -> None:
    desk = filed_by_mountain()
    desk.told("submit", THEIRS, by="unit:harbour")
    assert (reads(desk, "mountain"), reads(desk, "harbour")) == (False, True)
    desk.told("submit", {**OURS, "priority": "urgent"}, by="unit:mountain", unit="mountain")
    assert (reads(desk, "mountain"), reads(desk, "harbour")) == (True, False)


def test_a_change_to_another_units_wording_does_not_open_it() -> None:
    for name, more in (("amend", {}), ("submit", {"patched": True})):
        desk = filed_by_mountain()
        desk.told("submit", THEIRS, by="unit:harbour")
        change = {"priority": "urgent"}
        desk.tell_with(name, change if name == "amend" else THEIRS | change, more)
        assert desk.state.request is not None
        assert desk.state.request.priority == "urgent"
        assert (reads(desk, "mountain"), reads(desk, "harbour")) == (False, True)


def test_what_two_units_said_is_seen_whole_by_neither_unless_it_is_a_units_own_request() -> None:
    desk = filed_by_mountain()
    desk.told("amend", {"details": {"counterparts": [SECRET]}}, by="unit:harbour")
    assert (reads(desk, "mountain"), reads(desk, "harbour")) == (False, False)


def test_after_an_amendment_that_stands_it_is_the_same() -> None:
    desk = Desk()
    good = a_body("tech.survey")
    desk.told("submit", good, by="unit:mountain", unit="mountain")
    desk.told("amend", {"details": {"counterparts": [SECRET]}}, by="unit:harbour")
    latest = desk.state.private.latest
    assert latest is not None
    assert latest.whole_for is None


def test_our_services_changes_leave_it_to_who_saw_it() -> None:
    desk = filed_by_mountain()
    desk.told("amend", {"priority": "urgent"}, by="service:service", unit="")
    assert (reads(desk, "mountain"), reads(desk, "harbour")) == (True, False)


@pytest.mark.parametrize("schema", [2, 3])
def test_a_wording_of_an_earlier_release_is_of_the_unit_that_filed(schema: int) -> None:
    document = a_desk("returned").state.model_dump(mode="json")
    for name in ("by", "unit", "whole_for"):
        del document["private"]["current"][name]
    document["private"]["pending"] = None if schema == 2 else []
    current = State.model_validate(RequestDomain().upcast(document, schema)).private.current
    assert current is not None
    assert (current.by, current.unit, current.whole_for) == ("unit:harbour", "harbour", "harbour")


@pytest.mark.parametrize(("by", "unit"), [("unit:harbour", "harbour"), ("service:service", "")])
def test_what_counted_when_it_was_sent_counts_when_it_is_waived(tmp_path: Path, by: str, unit: str) -> None:
    pack = a_pack(tmp_path, "mode: waivable, waived_by: bu_leader")
    holder = unit or "islands"
    uploaded = {SHA256: Uploaded(size=10, by=frozenset({holder}))}
    desk = Desk(context=replace(a_context(pack), uploaded=uploaded, directory=DIRECTORY))
    desk.told("submit", PRICE | {"attachments": [FILE]}, by=by, unit=unit)
    assert desk.state.verdict is not None
    assert (desk.state.status, desk.state.verdict.problems) == ("returned", ())
    decision = desk.told("waive", WAIVER, by="person:BL1")
    assert (decision.answer or {})["outcome"] == "accepted"
