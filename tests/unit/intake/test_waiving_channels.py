"""Waiving on every channel: what proves a person, and what does not; the same refusals, in both languages."""

from typing import Any

import orjson
import pytest

from services.intake.inbound import Inbound
from services.intake.mail.taking import Door, MailRoom
from services.intake.mail.threads import Threads
from services.intake.mail.waiver import Waiver, waivers_in
from services.intake.reception import Submission
from services.intake.settings import IntakeSettings
from shared.catalogue import Pack
from shared.messaging.wire import Record
from shared.schemas.model import Json
from shared.schemas.requests import Answer, number_of
from shared.schemas.topics import inbound_of
from tests.unit.intake.letters import a_mail
from tests.unit.intake.life import PASSED, VOUCHING, Life
from tests.unit.intake.test_intake_waiving import PRICE, WAIVER, a_life, a_pack, code, facts, state_of
from tests.unit.intake.test_mail_settings import NEEDED

OURS = frozenset({"support@backline.example"})
WORDS = "豁免：已经确定了产品、方案或系统 原因：客户急需报价"


@pytest.fixture(scope="module")
def lenient(tmp_path_factory: pytest.TempPathFactory) -> Pack:
    return a_pack(tmp_path_factory.mktemp("packs"), "mode: waivable, waived_by: bu_leader")


class TestByRecord:
    """On its topic, and in a batch under its key, a unit's system speaks: it may name its people where it has leave to."""

    @pytest.mark.parametrize("channel", ["topic", "batch", "http"])
    async def test_a_units_system_with_leave_names_who_of_them_waives(self, lenient: Pack, channel: str):
        life = await a_life(lenient)
        answer = await life.send(channel, "waive", {**WAIVER, "by": "BL1"}, by="dev-unit-harbour")
        assert (answer.outcome, answer.status) == ("accepted", "submitted")
        assert facts(life) == ["returned", "precondition_waived", "submitted"]
        (waiver,) = state_of(life).waivers
        assert (waiver.by, waiver.role, waiver.through) == ("BL1", "bu_leader", "unit:harbour")

    @pytest.mark.parametrize("channel", ["topic", "batch", "http"])
    async def test_without_leave_it_speaks_for_nobody(self, lenient: Pack, channel: str):
        """The control of the one above."""
        life = await a_life(lenient)
        life.reception._waiving = frozenset({"islands"})
        before = state_of(life)
        answer = await life.send(channel, "waive", {**WAIVER, "by": "BL1"}, by="dev-unit-harbour")
        assert (code(answer), state_of(life)) == ("person_only", before)

    @pytest.mark.parametrize("channel", ["topic", "batch", "http"])
    @pytest.mark.parametrize(
        ("body", "expected"),
        [
            ({**WAIVER, "by": None}, "waived_by_whom"),
            ({**WAIVER, "by": "NOBODY"}, "waived_by_whom"),
            ({**WAIVER, "by": ["BL1"]}, "waived_by_whom"),
            ({**WAIVER, "by": "FAR"}, "waived_by_whom"),
            ({**WAIVER, "by": "CHIEF"}, "waived_by_whom"),
            ({**WAIVER, "by": "MK1"}, "role_may_not_waive"),
            ({**WAIVER, "by": "BL1", "reason": " "}, "reason_missing"),
            ({**WAIVER, "by": "BL1", "precondition": "needs_understood"}, "unknown_precondition"),
        ],
    )
    async def test_anything_else_is_refused_in_both_languages_and_changes_nothing(
        self, lenient: Pack, channel: str, body: Json, expected: str
    ):
        life = await a_life(lenient)
        before = state_of(life)
        answer = await life.send(channel, "waive", body, by="dev-unit-harbour")
        assert (code(answer), state_of(life)) == (expected, before)
        assert answer.problem is not None
        assert all(answer.problem["message"][language] for language in ("zh", "en"))

    @pytest.mark.parametrize("channel", ["http", "batch"])
    async def test_a_person_names_nobody_else(self, lenient: Pack, channel: str):
        life = await a_life(lenient)
        answer = await life.send(channel, "waive", {**WAIVER, "by": "BL1"}, by="dev-person-CHIEF")
        assert code(answer) == "waived_by_another"
        assert (await life.send(channel, "waive", {**WAIVER, "by": "BL1"}, by="dev-person-BL1")).outcome == "accepted"

    @pytest.mark.parametrize(
        ("topic", "proven"),
        [("backline.inbound.v1", True), (inbound_of("harbour").name, False)],
        ids=["shared", "broker asks nobody"],
    )
    async def test_where_nobody_knows_who_writes_no_name_counts(self, lenient: Pack, topic: str, proven: bool):
        life = await a_life(lenient)
        inbound = Inbound(life.reception, life.letters, life.broker, ["harbour"], proven=proven)  # type: ignore[arg-type]
        body = {key: PRICE[key] for key in ("business_unit", "source")} | WAIVER | {"by": "BL1"}
        record = Record(topic=topic, partition=0, offset=1, key=b"k", headers=(("action", b"waive"),), value=orjson.dumps(body))
        await inbound.handle([record])
        assert (code(life.reception.answers[-1]), facts(life)) == ("person_only", ["returned"])

    @pytest.mark.parametrize(("system", "expected"), [("elsewhere", "unknown_request"), (PRICE["source"]["system"], "")])
    async def test_a_key_that_is_pinned_to_another_system_of_the_unit_waives_nothing_here(
        self, lenient: Pack, system: str, expected: str
    ):
        life = await a_life(lenient)
        key = {"by": "unit:harbour", "filed_by": "harbour", "pinned_to": ("harbour", system)}
        told = Submission(action="waive", body={**WAIVER, "by": "BL1"}, channel="http", **key)
        answer = await life.reception.take_for(life.id, told)
        assert (answer.problem or {"code": ""})["code"] == expected
        assert len(state_of(life).waivers) == (0 if expected else 1)

    async def test_the_same_record_read_twice_waives_once(self, lenient: Pack):
        life = await a_life(lenient)
        for _ in range(2):
            answer = await life.send("topic", "waive", WAIVER, key="w", by="dev-person-BL1")
            assert answer.outcome == "accepted"
        assert facts(life).count("precondition_waived") == 1

    @pytest.mark.parametrize(
        ("given", "proven"),
        [
            ({"environment": "development"}, True),
            ({"kafka_security": "SASL_SSL", "kafka_password": "x"}, True),
            ({"inbound_unauthenticated": "true"}, False),
        ],
    )
    def test_a_topic_proves_its_unit_where_the_broker_asks(self, given: dict[str, str], proven: bool):
        environ = NEEDED | {"BACKLINE_INBOUND_UNITS": "east", "BACKLINE_WAIVING_UNITS": "east, south"}
        settings = IntakeSettings.read("intake", environ | {f"BACKLINE_{name.upper()}": value for name, value in given.items()})
        assert (settings.units_proven, settings.waiving) == (proven, {"east", "south"})


class Writers:
    """Who answers mails about one returned request."""

    def __init__(self, life: Life, vouching: str | None = VOUCHING) -> None:
        self.life = life
        self.room = MailRoom(
            reception=life.reception,
            threads=Threads(life.room.requests, life.room.book),
            book=life.room.book,
            blobs=life.room.book,
            files=life.room.book,
            directory=lambda: life.room.directory,
            pack=life.mails._pack,
            clock=life.room.clock,
            door=Door(ours=OURS, vouching=vouching),
            refused=self._kept,
        )
        self.refused: list[Answer] = []

    async def _kept(self, _submission: Any, answer: Answer, _sha256: str) -> None:
        self.refused.append(answer)

    async def write(self, text: str, person: str = "bl1", *, more: str = PASSED, **headers: str) -> tuple[int, str]:
        about = {"Subject": f"Re: {number_of(self.life.id)}", "Message_ID": "<w1@firm.example>"} | headers
        raw = a_mail(text, From=f"{person}@firm.example", more=more, **about)
        reply = await self.room.take(raw, envelope_sender=f"{person}@firm.example", recipients=["support@backline.example"])
        return reply.code, reply.text.en


class TestByMail:
    @pytest.mark.parametrize(
        "about",
        [
            {"Subject": "回复: 【{number}】申请需要补充"},
            {"Subject": "x", "References": "<a@b> <request.{id}@backline.example>"},
        ],
    )
    async def test_a_leader_who_answers_in_the_thread_waives(self, lenient: Pack, about: dict[str, str]):
        life = await a_life(lenient)
        named = {key: value.format(number=number_of(life.id), id=life.id) for key, value in about.items()}
        writers = Writers(life)
        assert (await writers.write(f"同意。\n{WORDS}\n\n> 豁免：别的\n", **named))[0] == 250
        assert facts(life) == ["returned", "precondition_waived", "submitted"]
        (waiver,) = state_of(life).waivers
        assert (waiver.by, waiver.role, waiver.reason, waiver.through) == ("BL1", "bu_leader", "客户急需报价", None)
        assert writers.refused == []
        assert [mail.kind for mail in life.room.book.mails.values()] == ["waive"]

    async def test_the_same_mail_twice_waives_once(self, lenient: Pack):
        life = await a_life(lenient)
        assert await Writers(life).write(WORDS) == await Writers(life).write(WORDS)
        assert facts(life).count("precondition_waived") == 1

    async def test_a_waiver_that_is_only_quoted_or_passed_on_is_none(self, lenient: Pack):
        life = await a_life(lenient)
        for text in (
            f"收到，谢谢。\n\n> {WORDS}",
            f"见下。\n-----原始邮件-----\n{WORDS}",
            f"---------- Forwarded message ----------\n{WORDS}",
        ):
            await Writers(life).write(text, Message_ID=f"<{len(text)}@x>")
        assert facts(life) == ["returned"]

    @pytest.mark.parametrize("vouching", [None, "other.example"])
    async def test_where_nobody_vouches_for_the_sender_nothing_is_waived(self, lenient: Pack, vouching: str | None):
        life = await a_life(lenient)
        before = state_of(life)
        writers = Writers(life, vouching)
        reply, said = await writers.write(WORDS)
        assert (reply, state_of(life)) == (550, before)
        assert "BACKLINE_MAIL_VOUCHING_SERVER" in said if vouching is None else "not authenticated" in said
        assert all(answer.id is None for answer in writers.refused)

    async def test_a_sender_who_did_not_pass_is_refused_before_anything_is_read(self, lenient: Pack):
        life = await a_life(lenient)
        failed = PASSED.replace("pass", "fail")
        assert (await Writers(life).write(WORDS, more=failed))[0] == 550
        assert facts(life) == ["returned"]

    @pytest.mark.parametrize(
        ("person", "text", "said"),
        [
            ("mk1", WORDS, "Your post may not waive"),
            ("far", WORDS, "no such request"),
            ("bl1", "豁免：已经确定了产品、方案或系统", "needs its reason"),
            ("bl1", "豁免：没有这个条件 原因：急", "what may be waived now: offer_fixed"),
            ("bl1", f"{WORDS}\n\n豁免：了解需求 原因：急", "one precondition"),
        ],
    )
    async def test_whoever_may_not_is_told_why_and_nothing_changes(self, lenient: Pack, person: str, text: str, said: str):
        life = await a_life(lenient)
        before = state_of(life)
        writers = Writers(life)
        reply, words = await writers.write(text, person)
        assert (reply, said in words, state_of(life)) == (550, True, before), words
        assert len(writers.refused) == 1
        assert person != "far" or writers.refused[0].id is None, "its id is told nowhere"

    async def test_a_thread_that_the_subject_contradicts_is_not_followed(self, lenient: Pack):
        """Whoever has a leader's mail could hand it over once more, with another thread around it: only its subject is signed."""
        life = await a_life(lenient)
        other = "Re: 【BL-00000000】申请需要补充"
        reply = await Writers(life).write(WORDS, Subject=other, References=f"<request.{life.id}@backline.example>")
        assert (reply[0], "not clear which request" in reply[1], facts(life)) == (550, True, ["returned"])

    async def test_a_waiver_in_the_html_that_a_leader_quotes_is_none(self, lenient: Pack):
        life = await a_life(lenient)
        html = f'<p>好的</p><blockquote><img alt="</blockquote><p>{WORDS}</p>">{WORDS}</blockquote>'
        writers = Writers(life)
        raw = a_mail(html, subtype="html", From="bl1@firm.example", more=PASSED, Subject=f"Re: {number_of(life.id)}")
        await writers.room.take(raw, envelope_sender="bl1@firm.example", recipients=["support@backline.example"])
        assert facts(life) == ["returned"]

    async def test_which_request_is_meant_must_be_said(self, lenient: Pack):
        life = await a_life(lenient)
        assert "not clear which request" in (await Writers(life).write(WORDS, Subject="豁免"))[1]
        assert "no such request" in (await Writers(life).write(WORDS, Subject="BL-00000000", Message_ID="<w2@x>"))[1]

    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            (WORDS, ("offer_fixed", "客户急需报价")),
            ("Waive: Product, solution or system is fixed; Reason: customer in a hurry", ("offer_fixed", "customer in a hurry")),
            ("waiver: offer_fixed. reason: x", ("offer_fixed", "x")),
            ("豁免：“offer_fixed”\n原因：分两行\n写的", ("offer_fixed", "分两行\n写的")),
            ("同意豁免: offer_fixed\n客户急需", ("offer_fixed", "客户急需")),
            ("【豁免】offer_fixed，理由: 急", ("offer_fixed", "急")),
            ("豁免：未知的条件；原因：急", ("未知的条件", "急")),
            ("豁免：offer_fixed", ("offer_fixed", "")),
        ],
    )
    def test_what_people_write_is_understood(self, lenient: Pack, text: str, expected: tuple[str, str]):
        assert waivers_in(text, lenient) == [Waiver(precondition=expected[0], reason=expected[1])]

    @pytest.mark.parametrize("text", ["", "原因：急", "请领导豁免，谢谢", "Reason: x\nSubject: waive"])
    def test_anything_else_is_no_waiver(self, lenient: Pack, text: str):
        assert waivers_in(text, lenient) == []

    def test_a_shipped_label_is_never_taken_for_a_waiver(self):
        from services.intake.mail.waiver import WAIVING
        from shared.catalogue.labels import labels_of
        from tests.builders import the_pack

        pack = the_pack()
        assert not any(WAIVING & labels_of(pack, kind).keys() for kind in pack.types.values())
