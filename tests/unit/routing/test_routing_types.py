"""Every type of the policy finds its people in a small company, each in the post the matrix names."""

from pathlib import Path
from typing import Any

import pytest

from services.routing.domain import Context, RoutingDomain, State
from shared.catalogue import Pack, judge, load_pack, public
from shared.ledger.messages import Heard, Told
from shared.schemas.envelope import Event
from shared.schemas.intake import RequestSubmitted
from tests.builders import NOW, TYPES, a_body, a_context, a_directory, events_of, the_pack
from tests.unit.catalogue.packs import with_a_sixteenth_type
from tests.unit.routing.routing_build import CALENDAR, POLICY

DOMAIN = RoutingDomain()
ENGINEER = ("presales_manager", "PM1", ["presales_engineer"])
MARKETING = ("bu_marketing", "MK1", ["bu_marketing"])
LEADERS = ["bu_leader", "company_leader"]
MATRIX: dict[str, tuple[str, str, list[str]]] = {
    "tools.company": ("bu_marketing", "MK1", ["product_manager"]),
    "tools.product": ("bu_marketing", "MK1", ["product_manager"]),
    "tools.solution": ("bu_marketing", "MK1", ["product_manager"]),
    "tech.survey": ENGINEER,
    "tech.proposal": ENGINEER,
    "tech.test": ("test_manager", "TM1", ["test_engineer"]),
    "tech.presentation": ENGINEER,
    "tech.training": ENGINEER,
    "tech.bid": ("presales_manager", "PM1", ["presales_engineer", "presales_engineer"]),
    "market.event": MARKETING,
    "market.visit": MARKETING,
    "market.executive_visit": ("bu_marketing", "MK1", LEADERS),
    "market.gift": ("bu_marketing", "MK1", ["admin_office"]),
    "business.price": ("bu_marketing", "MK1", ["department_reviewer"] * 2 + LEADERS),
    "business.contract": ("bu_marketing", "MK1", ["department_reviewer"] * 4 + LEADERS),
}


def routed(body: dict[str, Any], pack: Pack | None = None) -> tuple[State, list[Event], Context]:
    """The state and routing's events after `body` was accepted and said by intake."""
    policy = pack or the_pack()
    judgement = judge(policy, body, a_context())
    assert judgement.verdict.outcome == "accepted"
    assert judgement.request is not None
    assert judgement.type is not None
    said = RequestSubmitted(request=public(judgement.request, judgement.type), verdict=judgement.verdict, policy=policy.pin)
    say = events_of("R")
    heard = say(said)
    context = Context(
        now=NOW,
        directory=a_directory(),
        loads={},
        familiar={},
        packs={(policy.name, policy.version): policy},
        policy=POLICY,
        calendar=CALENDAR,
    )
    state = DOMAIN.evolve(State(), heard)
    events = [say(fact) for fact in DOMAIN.decide(state, Heard(event=heard), context).facts]
    for event in events:
        state = DOMAIN.evolve(state, event)
    return state, events, context


def test_the_matrix_covers_every_type():
    assert set(MATRIX) == set(TYPES)


@pytest.mark.parametrize("kind", TYPES)
def test_every_type_is_coordinated_and_supported_as_the_matrix_says(kind: str):
    role, coordinator, supporters = MATRIX[kind]
    state, events, _ = routed(a_body(kind))
    assert state.coordinator is not None
    assert (state.coordinator.role, state.coordinator.person) == (role, coordinator)
    assert [seat.role for seat in state.supporters] == supporters
    assert len({seat.person for seat in state.supporters}) == len(supporters)
    assert [event.type.rpartition(".")[2] for event in events] == [
        "coordinator_assigned",
        "supporters_assigned",
        *["review_opened"] * the_pack().types[kind].review,
    ]
    assert state.status == "assigned"


@pytest.mark.parametrize("kind", TYPES)
def test_everybody_chosen_holds_the_post_and_did_not_ask(kind: str):
    state, _, context = routed(a_body(kind))
    assert state.coordinator is not None
    for seat in (state.coordinator, *state.supporters):
        assert seat.role in context.directory.people[seat.person].roles
        assert seat.person != "A1"


@pytest.mark.parametrize("kind", TYPES)
def test_no_personal_value_reaches_routings_events(kind: str):
    _, events, _ = routed(a_body(kind))
    said = "".join(event.model_dump_json() for event in events)
    assert not [name for name in ("宁主任", "阚科长", "郗评审", "卓越群") if name in said]


def test_a_unit_without_technical_people_is_served_by_the_pool():
    opportunity = {"id": "O-9", "name": "岭上", "customer": {"name": "岭南水泥", "region": "inland"}}
    evidence = a_body("tech.survey")["evidence"]
    state, _, _ = routed(a_body("tech.survey", business_unit="mountain", opportunity=opportunity, evidence=evidence))
    assert state.coordinator is not None
    assert (state.coordinator.person, [seat.person for seat in state.supporters]) == ("PM9", ["PE9"])


def test_a_sixteenth_type_is_assigned_worked_on_and_completed_by_yaml_alone(tmp_path: Path):
    pack = load_pack(root=with_a_sixteenth_type(tmp_path))
    body = a_body("tech.test", type="tech.inspection")
    body["details"] = {
        "site": "七号仓",
        "contact": "门岗老秦",
        "due": "2027-03-20T12:00:00+08:00",
        "devices": [{"name": "道闸", "count": 3}],
    }
    state, events, context = routed(body, pack)
    assert state.coordinator is not None
    assert (state.coordinator.person, [seat.person for seat in state.supporters]) == ("TM1", ["TE1"])
    assert "门岗老秦" not in "".join(event.model_dump_json() for event in events)
    say = events_of("R")
    for name in ("accept", "complete"):
        told = Told(id=name, subject="R", name=name, data={"by": "TE1"}, at=NOW)
        for fact in DOMAIN.decide(state, told, context).facts:
            state = DOMAIN.evolve(state, say(fact))
    assert state.status == "completed"
