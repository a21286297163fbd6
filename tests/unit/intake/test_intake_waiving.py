"""Waiving over HTTP: who may, of which request, with what reason; and evidence that may come later, asked for in its time."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from services.intake.domain import RequestDomain, State
from shared.catalogue import Pack, load_pack
from shared.ledger.messages import Woken
from shared.schemas.intake import EvidenceSettled
from shared.schemas.model import Json
from shared.schemas.requests import Answer
from tests.builders import a_body, a_directory, a_person, attested
from tests.unit.catalogue.packs import copied, replaced
from tests.unit.intake.desk import COMPLETED, COORDINATED, NOT_AMENDED, WITHDRAWN, a_context, amended
from tests.unit.intake.life import Life

OFFER = "offer_fixed: {zh: 已经确定了产品、方案或系统, en: 'Product, solution or system is fixed'"
PRICE = a_body("business.price", evidence=[])
HOUR = 3600
DIRECTORY = a_directory(
    a_person("FAR", "islands", "bu_leader"),
    a_person("CHIEF", "headquarters", "bu_leader"),
    a_person("POOL", "headquarters", "presales_engineer"),
    a_person("BOTH", "harbour", "bu_leader", "account_manager"),
)
WAIVER = {"precondition": "offer_fixed", "reason": "客户急需报价"}


def a_pack(root: Path, terms: str) -> Pack:
    """An example: the shipped policy lets nobody waive anything, and nothing come later."""
    replaced(copied(root), "pack.yaml", OFFER, f"{OFFER}, {terms}")
    return load_pack(root=root)


@pytest.fixture(scope="module")
def lenient(tmp_path_factory: pytest.TempPathFactory) -> Pack:
    return a_pack(tmp_path_factory.mktemp("packs"), "mode: waivable, waived_by: bu_leader")


@pytest.fixture(scope="module")
def patient(tmp_path_factory: pytest.TempPathFactory) -> Pack:
    return a_pack(tmp_path_factory.mktemp("packs"), "mode: later, within_hours: 48, escalate_hours: 24")


async def a_life(pack: Pack, body: Json = PRICE, expected: str = "returned") -> Life:
    life = Life(body, directory=DIRECTORY, pack=pack)
    assert (await life.send("http", "submit", body)).outcome == expected
    return life


def state_of(life: Life) -> State:
    return life.room.requests.states[life.id]


def facts(life: Life) -> list[str]:
    return [one.type.removeprefix("backline.request.") for one in state_of(life).timeline if one.source == "intake"]


def code(answer: Answer) -> str | None:
    return answer.problem["code"] if answer.problem else None


class TestWaive:
    async def test_a_request_whose_only_fault_may_be_waived_says_by_whom(self, lenient: Pack):
        verdict = state_of(await a_life(lenient)).verdict
        assert verdict is not None
        (one,) = verdict.preconditions
        assert one.message is not None
        assert "经营单位领导" in one.message.zh
        assert "Business unit leader" in one.message.en

    @pytest.mark.parametrize("person", ["BL1", "CHIEF"])
    async def test_whoever_may_waives_and_the_request_goes_on(self, lenient: Pack, person: str):
        life = await a_life(lenient)
        answer = await life.send("http", "waive", WAIVER, by=f"dev-person-{person}")
        assert (answer.outcome, answer.status) == ("accepted", "submitted")
        assert facts(life) == ["returned", "precondition_waived", "submitted"]
        (waiver,) = state_of(life).waivers
        assert (waiver.by, waiver.role, waiver.reason) == (person, "bu_leader", "客户急需报价")
        verdict = state_of(life).verdict
        assert verdict is not None
        assert [one.state for one in verdict.preconditions] == ["waived"]

    @pytest.mark.parametrize(
        ("by", "body", "expected"),
        [
            ("dev-person-MK1", WAIVER, ("role_may_not_waive", 403)),
            ("dev-person-FAR", WAIVER, ("unknown_request", 404)),
            ("dev-person-FAR", {}, ("unknown_request", 404)),
            ("dev-person-POOL", WAIVER, ("unknown_request", 404)),
            ("dev-person-POOL", {"reason": "x"}, ("unknown_request", 404)),
            ("dev-person-CHIEF", {"reason": "x"}, ("unknown_precondition", 422)),
            ("dev-unit-harbour", WAIVER, ("waived_by_whom", 422)),
            ("a-service-token-of-tests", WAIVER, ("person_only", 403)),
            ("dev-person-BL1", {**WAIVER, "precondition": "needs_understood"}, ("unknown_precondition", 422)),
            ("dev-person-BL1", {"reason": "x"}, ("unknown_precondition", 422)),
            ("dev-person-BL1", {**WAIVER, "precondition": ["offer_fixed"]}, ("unknown_precondition", 422)),
            ("dev-person-BL1", {**WAIVER, "reason": " "}, ("reason_missing", 422)),
            ("dev-person-BL1", {"precondition": "offer_fixed"}, ("reason_missing", 422)),
            ("dev-person-BL1", {**WAIVER, "reason": "长" * 2001}, ("reason_missing", 422)),
        ],
    )
    async def test_anything_else_is_refused_and_changes_nothing(
        self, lenient: Pack, by: str, body: Json, expected: tuple[str, int]
    ):
        life = await a_life(lenient)
        before = state_of(life)
        answer = await life.send("http", "waive", body, by=by)
        assert answer.problem is not None
        assert (answer.problem["code"], answer.problem["status"]) == expected
        assert all(answer.problem["message"][language] for language in ("zh", "en"))
        assert state_of(life) == before

    async def test_nobody_waives_for_the_own_request(self, lenient: Pack):
        life = await a_life(lenient, a_body("business.price", evidence=[], requester={"id": "BOTH", "role": "account_manager"}))
        assert code(await life.send("http", "waive", WAIVER, by="dev-person-BOTH")) == "own_request"
        assert (await life.send("http", "waive", WAIVER, by="dev-person-BL1")).outcome == "accepted"

    async def test_who_waived_does_not_become_who_asks(self, lenient: Pack):
        body = a_body("business.price", evidence=[], details={})
        life = await a_life(lenient, body)
        assert (await life.send("http", "waive", WAIVER, by="dev-person-BOTH")).outcome == "returned"
        full = {**PRICE, "requester": {"id": "BOTH", "role": "account_manager"}}
        assert (await life.send("http", "submit", full)).outcome == "returned", "the waiver is the requester's own now"
        assert (await life.send("http", "submit", PRICE)).outcome == "accepted"

    async def test_a_request_that_lacks_something_else_too_stays_returned_and_the_waiver_stands(self, lenient: Pack):
        life = await a_life(lenient, a_body("business.price", evidence=[], details={}))
        answer = await life.send("http", "waive", WAIVER, by="dev-person-BL1")
        assert answer.outcome == "returned"
        assert (await life.send("http", "submit", PRICE)).outcome == "accepted"

    async def test_waived_twice_is_waived_once(self, lenient: Pack):
        life = await a_life(lenient)
        answers = [await life.send("http", "waive", WAIVER, by="dev-person-BL1", key=key) for key in ("a", "a", "b")]
        assert [answer.outcome for answer in answers] == ["accepted"] * 3
        assert answers[2].duplicate
        assert facts(life).count("precondition_waived") == 1

    async def test_what_has_ended_or_was_dropped_or_never_was_is_waived_no_more(self, lenient: Pack):
        life = Life(PRICE, directory=DIRECTORY, pack=lenient)
        assert code(await life.send("http", "waive", WAIVER, by="dev-person-BL1")) == "unknown_request"
        life = await a_life(lenient)
        await life.send("http", "withdraw", {"reason": "作罢"})
        assert code(await life.send("http", "waive", WAIVER, by="dev-person-BL1")) == "unknown_request"
        life = await a_life(lenient, {**PRICE, "evidence": attested("offer_fixed")}, "accepted")
        assert (await life.send("http", "waive", WAIVER, by="dev-person-BL1")).duplicate, "it is proved"
        await life.hear(WITHDRAWN)
        assert code(await life.send("http", "waive", WAIVER, by="dev-person-BL1")) == "closed"

    async def test_a_dropped_request_that_is_sent_again_is_waived_anew(self, lenient: Pack):
        life = await a_life(lenient, a_body("business.price", evidence=[], details={}))
        await life.send("http", "waive", WAIVER, by="dev-person-BL1")
        await life.send("http", "withdraw", {"reason": "作罢"})
        assert (await life.send("http", "submit", PRICE)).outcome == "returned"

    async def test_a_hard_precondition_is_waived_by_nobody(self, patient: Pack, tmp_path: Path):
        life = Life(PRICE, directory=DIRECTORY)
        await life.send("http", "submit", PRICE)
        answer = await life.send("http", "waive", WAIVER, by="dev-person-BL1")
        assert (code(answer), facts(life)) == ("not_waivable", ["returned"])


class TestLater:
    async def test_it_is_accepted_with_what_is_owed_and_until_when(self, patient: Pack):
        life = await a_life(patient, expected="accepted")
        (owing,) = state_of(life).owing
        verdict = state_of(life).verdict
        assert verdict is not None
        assert (owing.any_of, owing.due) == (("offer_fixed",), verdict.preconditions[0].due)

    async def test_it_is_asked_for_in_its_time_and_told_further_once(self, patient: Pack):
        life = await a_life(patient, expected="accepted")
        await life.wake(48 * HOUR - 60)
        assert facts(life) == ["submitted"]
        await life.wake(120)
        await life.wake(60)
        assert facts(life) == ["submitted", "evidence_asked"]
        await life.wake(24 * HOUR)
        for _ in range(3):
            await life.wake(24 * HOUR)
        assert facts(life) == ["submitted", "evidence_asked", "evidence_overdue"]

    @pytest.mark.parametrize("end", [COMPLETED, WITHDRAWN])
    async def test_of_what_has_ended_nothing_is_asked(self, patient: Pack, end: Any):
        life = await a_life(patient, expected="accepted")
        await life.hear(COORDINATED, end)
        await life.wake(100 * HOUR)
        assert facts(life) == ["submitted"]

    async def evidence(self, life: Life) -> None:
        answer = await life.send("topic", "amend", {"evidence": attested("offer_fixed")})
        assert (answer.outcome, answer.amended) == ("accepted", True)

    @pytest.mark.parametrize("hours", [1, 49, 73])
    async def test_evidence_that_stands_settles_it_whenever_it_comes(self, patient: Pack, hours: int):
        life = await a_life(patient, expected="accepted")
        await life.wake(hours * HOUR)
        await self.evidence(life)
        latest = state_of(life).private.latest
        assert latest is not None
        await life.hear(amended(latest.request))
        assert facts(life)[-1] == "evidence_settled"
        assert state_of(life).owing == ()
        await life.wake(100 * HOUR)
        assert facts(life)[-1] == "evidence_settled"

    async def test_evidence_in_an_amendment_that_routing_refuses_settles_nothing(self, patient: Pack):
        life = await a_life(patient, expected="accepted")
        await self.evidence(life)
        await life.hear(NOT_AMENDED)
        await life.wake(49 * HOUR)
        assert facts(life)[-1] == "evidence_asked"

    async def test_an_amendment_of_something_else_puts_nothing_off(self, patient: Pack):
        life = await a_life(patient, expected="accepted")
        due = state_of(life).owing[0].due
        await life.wake(40 * HOUR)
        await life.send("http", "amend", {"priority": "urgent"})
        latest = state_of(life).private.latest
        assert latest is not None
        await life.hear(amended(latest.request))
        assert [one.due for one in state_of(life).owing] == [due]
        await life.wake(9 * HOUR)
        assert facts(life)[-1] == "evidence_asked"

    async def test_what_was_given_and_never_said_to_be_is_settled_rather_than_asked_for(self, patient: Pack):
        life = await a_life(patient, expected="accepted")
        verdict = state_of(life).verdict
        assert verdict is not None
        met = verdict.model_copy(update={"preconditions": (verdict.preconditions[0].model_copy(update={"state": "met"}),)})
        late = replace(a_context(patient), now=state_of(life).owing[0].due)
        decision = RequestDomain().decide(state_of(life).model_copy(update={"verdict": met}), Woken(subject=life.id), late)
        assert [type(fact) for fact in decision.facts] == [EvidenceSettled]
