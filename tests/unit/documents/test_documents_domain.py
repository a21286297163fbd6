"""When which document is planned, in which formats and versions, and what is said of each."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from services.documents.domain import Context, DocumentsDomain, PolicyMissingError, State, Survey, chosen
from shared.catalogue import load_pack
from shared.ledger.messages import NOTHING, Decision, Heard, Item, Settled
from shared.schemas import routing
from shared.schemas.documents import DocumentFailed, DocumentRendered
from shared.schemas.intake import RequestSubmitted
from shared.schemas.requests import Request, request_id
from tests.builders import NOW, SURVEY_BEFORE, TYPES, a_body, a_document, events_of, judged, the_pack, with_details
from tests.unit.catalogue.packs import with_a_sixteenth_type
from tests.unit.intake.desk import ASSIGNED, COMPLETED, COORDINATED, DECLINED, WITHDRAWN, WORKING, a_decision, a_seat, amended

DOMAIN = DocumentsDomain()
SURVEY = Survey(request="S", business_unit="harbour", result={"organisation": "十二人"}, note="n", completed_at=NOW)
WHEN_ACCEPTED = {"tech.proposal", "business.contract"}
AGAIN = routing.WorkAccepted(by="PE2", role="presales_engineer", first=False)


class Room:
    """The documents of one request: events heard and items settled, as the ledger does it. Every message is decided twice."""

    def __init__(self, body: dict[str, Any], **context: Any) -> None:
        plain = Context(now=NOW, packs={("sales-support", "1.0.0"): the_pack()}, surveys={"O-5": (SURVEY,)})
        self.context = replace(plain, **context)
        self.state, self.say = State(), events_of("R")
        self.body = body
        self.items: dict[str, Item] = {}
        self.cancelled: list[str] = []
        judgement = judged(body)
        assert judgement.request is not None
        self.hear(RequestSubmitted(request=judgement.request, verdict=judgement.verdict, policy=judgement.policy))

    def hear(self, *facts: Any) -> "Room":
        for fact in facts:
            event = self.say(fact)
            self.state = DOMAIN.evolve(self.state, event)
            decision = DOMAIN.decide(self.state, Heard(event=event), self.context)
            assert DOMAIN.decide(self.state, Heard(event=event), self.context) == decision
            self._kept(decision)
        return self

    def settle(self, item: Item, **end: Any) -> Decision:
        message = Settled(subject="R", item=item, **end)
        decision = DOMAIN.decide(self.state, message, self.context)
        for fact in decision.facts:
            self.state = DOMAIN.evolve(self.state, self.say(fact))
        self._kept(decision)
        return decision

    def make(self) -> "Room":
        """Every item that was planned and not made is made."""
        made = {document.document for document in self.state.made}
        for item in [item for item in self.items.values() if item.id not in made]:
            self.settle(item, end="done", data=rendered(item).model_dump())
        return self

    def plan(self) -> list[tuple[str, int]]:
        """Format and version of everything planned so far."""
        return [(item.data["format"], item.data["version"]) for item in self.items.values()]

    def _kept(self, decision: Decision) -> None:
        for item in decision.items:
            self.items.setdefault(item.id, item)
        self.cancelled += [identity for identity in decision.cancel if identity in self.items]


def rendered(item: Item) -> DocumentRendered:
    media = "application/pdf" if item.data["format"] == "pdf" else "application/word"
    return a_document(item.id, kind=item.data["type"], media_type=media, version=item.data["version"])


@pytest.mark.parametrize("kind", sorted(WHEN_ACCEPTED))
def test_proposal_and_packet_are_made_when_the_work_is_accepted(kind: str):
    room = Room(a_body(kind)).hear(COORDINATED, ASSIGNED)
    assert room.plan() == []
    room.hear(WORKING)
    assert {form for form, _ in room.plan()} == ({"pdf", "docx"} if kind == "tech.proposal" else {"pdf"})
    before = room.plan()
    assert room.hear(AGAIN, COMPLETED).plan() == before


def test_only_the_first_acceptance_starts_a_document():
    room = Room(a_body("tech.proposal")).hear(COORDINATED, ASSIGNED)
    event = room.say(AGAIN)
    room.state = DOMAIN.evolve(room.state, event)
    assert DOMAIN.decide(room.state, Heard(event=event), room.context) == NOTHING


@pytest.mark.parametrize("kind", [kind for kind in TYPES if kind not in WHEN_ACCEPTED])
def test_all_others_are_made_when_the_work_is_completed(kind: str):
    room = Room(a_body(kind)).hear(COORDINATED, ASSIGNED, WORKING)
    assert room.plan() == []
    assert room.hear(COMPLETED).plan() == [("pdf", 1)]


@pytest.mark.parametrize(("asked", "formats"), [(["pdf"], {"pdf"}), (["word", "ppt"], {"pdf", "docx"}), (["ppt"], {"pdf"})])
def test_word_is_made_where_word_is_asked_for(asked: list[str], formats: set[str]):
    room = Room(with_details(a_body("tech.proposal"), format=asked)).hear(COORDINATED, ASSIGNED, WORKING)
    assert {form for form, _ in room.plan()} == formats


def test_an_item_holds_all_that_rendering_needs_and_nothing_personal():
    room = Room(a_body("tech.survey")).hear(COORDINATED, ASSIGNED, WORKING)
    room.hear(routing.WorkCompleted(by="PE1", note="附言", result={"network": "双环网"}))
    (item,) = room.items.values()
    assert item.kind == "render"
    assert item.data["result"] == {"network": "双环网"}
    assert (item.data["note"], item.data["by"]) == ("附言", "PE1")
    assert item.data["policy"] == the_pack().pin.model_dump()
    assert [seat["person"] for seat in item.data["supporters"]] == ["PE1"]
    assert item.data["at"] == NOW.isoformat()


def test_a_proposal_takes_in_the_survey_of_its_opportunity():
    room = Room(a_body("tech.proposal")).hear(COORDINATED, ASSIGNED, WORKING)
    assert {item.data["survey"]["request"] for item in room.items.values()} == {"S"}
    without = Room(a_body("tech.proposal"), surveys={}).hear(COORDINATED, ASSIGNED, WORKING)
    assert [item.data["survey"] for item in without.items.values()] == [None, None]


class TestSurvey:
    """Which of several completed surveys a proposal takes in."""

    def a_proposal(self) -> Request:
        request = judged(a_body("tech.proposal")).request
        assert request is not None
        return request

    def test_the_one_completed_last_whatever_its_id(self):
        earlier = SURVEY.model_copy(update={"request": "Z", "completed_at": NOW - timedelta(days=1)})
        assert chosen((SURVEY, earlier), self.a_proposal()) == SURVEY
        assert chosen((earlier, SURVEY), self.a_proposal()) == SURVEY

    def test_never_another_units_under_the_same_opportunity_id(self):
        assert chosen((SURVEY.model_copy(update={"business_unit": "mountain"}),), self.a_proposal()) is None

    def test_but_another_units_that_was_named_as_evidence(self):
        other = SURVEY.model_copy(update={"business_unit": "mountain", "request": request_id(*SURVEY_BEFORE)})
        assert chosen((other,), self.a_proposal()) == other

    def test_and_none_when_there_is_none(self):
        assert chosen((), self.a_proposal()) is None

    def test_the_moment_of_completion_is_kept(self):
        room = Room(a_body("tech.survey")).hear(COORDINATED, ASSIGNED, WORKING, COMPLETED)
        assert room.state.completed_at == NOW


class TestDeclining:
    """Who gave a seat back is no part of the request: neither on its documents nor among its readers."""

    def test_a_supporter_leaves(self):
        two = routing.SupportersAssigned(seats=(a_seat(), a_seat().model_copy(update={"person": "PE2"})), decisions=())
        room = Room(a_body("tech.survey")).hear(COORDINATED, two, DECLINED)
        assert [seat.person for seat in room.state.supporters] == ["PE2"]
        assert room.state.coordinator is not None

    def test_a_stand_in_gives_back_the_seat_of_its_holder(self):
        declined = DECLINED.model_copy(update={"by": "PE2", "on_behalf_of": "PE1"})
        assert Room(a_body("tech.survey")).hear(COORDINATED, ASSIGNED, declined).state.supporters == ()

    def test_a_coordinator_gives_back_both_when_both_are_one_role(self):
        both = routing.CoordinatorAssigned(seat=a_seat("coordinator"), decision=a_decision("coordinator"))
        room = Room(a_body("market.visit")).hear(both, ASSIGNED, DECLINED.model_copy(update={"step": "coordinator"}))
        assert (room.state.coordinator, room.state.supporters) == (None, ())


class TestAmendment:
    def test_before_the_moment_it_plans_nothing_and_the_new_wording_is_made(self):
        room = Room(a_body("tech.proposal")).hear(COORDINATED, ASSIGNED)
        other = judged(with_details(a_body("tech.proposal"), content="新方案")).request
        assert other is not None
        assert room.hear(amended(other)).plan() == []
        room.hear(WORKING)
        assert {item.data["request"]["details"]["content"] for item in room.items.values()} == {"新方案"}
        assert {version for _, version in room.plan()} == {1}

    def test_afterwards_it_makes_the_next_version(self):
        room = Room(a_body("tech.proposal")).hear(COORDINATED, ASSIGNED, WORKING).make()
        assert room.state.request is not None
        room.hear(amended(room.state.request)).make().hear(amended(room.state.request, 3))
        assert room.plan() == [("pdf", 1), ("docx", 1), ("pdf", 2), ("docx", 2), ("pdf", 3), ("docx", 3)]
        assert len(room.make().state.made) == 6

    def test_even_when_the_version_before_is_not_made_yet(self):
        room = Room(a_body("tech.proposal")).hear(COORDINATED, ASSIGNED, WORKING)
        assert room.state.request is not None
        assert room.hear(amended(room.state.request)).plan() == [("pdf", 1), ("docx", 1), ("pdf", 2), ("docx", 2)]

    def test_of_work_that_is_not_completed_it_plans_nothing(self):
        room = Room(a_body("tech.survey")).hear(COORDINATED, ASSIGNED, WORKING)
        assert room.state.request is not None
        assert room.hear(amended(room.state.request)).plan() == []
        assert room.hear(COMPLETED).plan() == [("pdf", 1)]


class TestWithdrawal:
    def test_what_is_planned_and_not_made_is_cancelled(self):
        room = Room(a_body("tech.proposal")).hear(COORDINATED, ASSIGNED, WORKING, WITHDRAWN)
        assert sorted(room.cancelled) == sorted(room.items)

    def test_of_every_version(self):
        room = Room(a_body("tech.proposal")).hear(COORDINATED, ASSIGNED, WORKING).make()
        assert room.state.request is not None
        room.hear(amended(room.state.request), WITHDRAWN)
        assert sorted(room.cancelled) == sorted(room.items)
        assert len(room.items) == 4

    def test_a_file_that_was_under_way_is_not_said(self):
        room = Room(a_body("tech.proposal")).hear(COORDINATED, ASSIGNED, WORKING, WITHDRAWN)
        item = next(iter(room.items.values()))
        assert room.settle(item, end="done", data={"any": "thing"}) is NOTHING

    def test_and_nothing_is_planned_afterwards(self):
        room = Room(a_body("tech.survey")).hear(COORDINATED, ASSIGNED, WORKING, WITHDRAWN, COMPLETED)
        assert room.plan() == []


class TestEnds:
    def test_a_file_is_said_only_when_it_exists(self):
        room = Room(a_body("tech.survey")).hear(COORDINATED, ASSIGNED, WORKING, COMPLETED)
        (item,) = room.items.values()
        assert room.state.made == ()
        assert room.settle(item, end="done", data=rendered(item).model_dump()).facts == (rendered(item),)
        assert room.state.made == (rendered(item),)

    @pytest.mark.parametrize("end", ["failed", "unknown"])
    def test_a_rendering_given_up_is_said_with_its_problem(self, end: Any):
        room = Room(a_body("tech.survey")).hear(COORDINATED, ASSIGNED, WORKING, COMPLETED)
        (item,) = room.items.values()
        said = room.settle(item, end=end, problem="too long", data={"cause": "renderer"}).facts
        failed = DocumentFailed(document=item.id, kind="tech.survey", problem="too long", cause="renderer", together=(item.id,))
        assert said == (failed,)
        assert room.state.made == ()


def test_documents_of_one_cause_name_each_other_and_those_of_another_version_not():
    room = Room(a_body("tech.proposal")).hear(COORDINATED, ASSIGNED, WORKING)
    first = list(room.items)
    assert room.state.request is not None
    room.hear(amended(room.state.request))
    second = [identity for identity in room.items if identity not in first]
    assert len(first) == len(second) == 2
    assert [room.items[identity].data["together"] for identity in (*first, *second)] == [first, first, second, second]


def test_names_of_files_are_the_same_in_every_process_and_differ_by_request_version_and_format():
    one = Room(a_body("tech.proposal")).hear(COORDINATED, ASSIGNED, WORKING)
    other = Room(a_body("tech.proposal")).hear(COORDINATED, ASSIGNED, WORKING)
    assert list(one.items) == list(other.items)
    assert len(set(one.items)) == 2


def test_a_request_of_a_policy_that_is_not_installed_waits():
    with pytest.raises(PolicyMissingError):
        Room(a_body("tech.survey"), packs={}).hear(COORDINATED, ASSIGNED, WORKING, COMPLETED)


def test_what_nobody_submitted_gets_no_document():
    say = events_of("R")
    state = DOMAIN.evolve(State(), say(COMPLETED))
    context = Context(now=NOW, packs={}, surveys={})
    assert DOMAIN.decide(state, Heard(event=say(COMPLETED)), context) == NOTHING


def test_a_sixteenth_type_is_planned_by_yaml_alone(tmp_path: Path):
    pack = load_pack(root=with_a_sixteenth_type(tmp_path))
    room = Room(a_body("tech.test"), packs={("sales-support", "1.0.0"): pack})
    assert room.state.request is not None
    request = room.state.request.model_copy(update={"type": "tech.inspection"})
    room.state = room.state.model_copy(update={"request": request, "policy": pack.pin})
    assert room.hear(COORDINATED, ASSIGNED, WORKING).plan() == []
    assert room.hear(COMPLETED).plan() == [("pdf", 1)]
