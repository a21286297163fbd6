"""An amendment or a withdrawal is asked for by intake; routing decides."""

import pytest

from shared.schemas.intake import AmendmentRequested, WithdrawalRequested
from shared.schemas.routing import (
    AmendmentRefused,
    RequestAmended,
    RequestWithdrawn,
    WithdrawalRefused,
)
from tests.unit.routing.routing_build import (
    ACCEPTED,
)
from tests.unit.routing.states import (
    STATES,
    assigned,
)


@pytest.mark.parametrize("status", ["new", "waiting", "choosing", "assigned", "working"])
def test_an_open_request_is_amended_and_keeps_its_status(status: str):
    journey = STATES[status]()
    decision = journey.amended(topics=["新主题"])
    assert [type(fact) for fact in decision.facts] == [RequestAmended]
    assert (journey.state.status, journey.state.version) == (status, 2)
    assert journey.state.request is not None
    assert journey.state.request.details == {"topics": ["新主题"]}


@pytest.mark.parametrize("status", ["new", "waiting", "choosing", "assigned", "working"])
def test_an_open_request_is_withdrawn_and_holds_nobody(status: str):
    journey = STATES[status]()
    assert [type(fact) for fact in journey.withdrawn().facts] == [RequestWithdrawn]
    assert (journey.state.status, journey.state.holders()) == ("withdrawn", frozenset())


@pytest.mark.parametrize("status", ["completed", "withdrawn"])
def test_after_the_end_amendment_and_withdrawal_are_refused_in_both_languages(status: str):
    journey = STATES[status]()
    (refused,) = journey.amended(topics=["新主题"]).facts
    assert isinstance(refused, AmendmentRefused)
    (stays,) = journey.withdrawn().facts
    assert isinstance(stays, WithdrawalRefused)
    assert refused.reason == stays.reason
    assert {"completed": "完成", "withdrawn": "撤回"}[status] in refused.reason.zh
    assert status in refused.reason.en
    assert journey.state.status == status


def test_amendments_are_counted():
    journey = assigned()
    journey.amended(topics=["一"])
    journey.amended(topics=["二"])
    assert journey.state.version == 3


@pytest.mark.parametrize("status", ["assigned", "completed"])
def test_an_amendment_or_withdrawal_heard_twice_is_answered_once(status: str):
    journey = STATES[status]()
    journey.amended(topics=["一"])
    request = journey.request.model_copy(update={"details": {"topics": ["一"]}})
    repeated = journey.again(AmendmentRequested(by="asker", request=request, changes=(), verdict=ACCEPTED))
    assert repeated.facts == ()
    journey.withdrawn()
    assert journey.again(WithdrawalRequested(by="asker", reason="客户取消")).facts == ()
