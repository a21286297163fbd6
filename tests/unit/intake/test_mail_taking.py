"""A mail of a known person becomes one request, an answer to it changes just that one, and nobody else is let in."""

import pytest

from services.intake.mail.receiver import _mailbox
from services.intake.mail.replies import LONGEST, Reply
from services.intake.mail.taking import Door
from services.intake.mail.understanding import UNREAD
from services.intake.reception import Submission
from shared.schemas.model import Text
from shared.schemas.people import Directory
from shared.schemas.requests import number_of, request_id
from tests.builders import a_body, a_directory, a_person
from tests.unit.intake.letters import MATERIAL, VISIT, a_file, a_mail
from tests.unit.intake.mail_build import Room

FIRST = request_id("harbour", "mail", "<m1@firm.example>")
INCOMPLETE = VISIT.replace("支持人员：客户经理；产品经理\n", "")
REST = "支持人员：客户经理；产品经理"


def an_answer(text: str = REST, **headers: str | None) -> bytes:
    given = {"Message_ID": "<m2@firm.example>", "In_Reply_To": "<item@backline.example>"}
    return a_mail(text, **{**given, "References": f"<request.{FIRST}@backline.example> <item@backline.example>", **headers})


async def test_a_mail_becomes_a_request_of_its_sender():
    room = Room()
    reply = await room.send(a_mail())
    assert (reply.code, reply.text.en) == (250, f"{number_of(FIRST)} accepted")
    assert (room.last.status, room.last.private.channel, room.last.private.filed_by) == ("submitted", "mail", "harbour")
    assert [mail.request for mail in room.book.mails.values()] == [FIRST]
    assert room.book.blobs[0][1] == a_mail()


@pytest.mark.parametrize("more", ["", "Received: from list.example\nX-BeenThere: sales@list.example"])
async def test_the_same_mail_again_is_the_same_request_with_the_same_answer(more: str):
    room = Room()
    first = await room.send(a_mail())
    assert await room.send(a_mail(more=more)) == first
    assert (len(room.requests.states), len(room.book.mails)) == (1, 1)
    assert len(room.last.timeline) == 1


async def test_the_same_message_id_with_other_words_is_refused_while_the_request_is_open():
    room = Room()
    await room.send(a_mail())
    reply = await room.send(a_mail(VISIT.replace("商机阶段：2", "商机阶段：3")))
    assert (reply.code, "differs in: opportunity.stage" in reply.text.en) == (550, True)


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"References": None, "In_Reply_To": f"<request.{FIRST}@backline.example>"},
        {"References": "<m1@firm.example> <other@x>"},
        {"References": None, "In_Reply_To": None, "Subject": f"Re: 【{number_of(FIRST)}】申请需要补充"},
        {"References": None, "In_Reply_To": None, "Subject": f"Re: [{number_of(FIRST).lower()}] Request"},
    ],
)
async def test_an_answer_completes_the_request_that_was_returned(headers: dict[str, str | None]):
    room = Room()
    await room.send(a_mail(INCOMPLETE))
    assert room.last.status == "returned"
    reply = await room.send(an_answer(**headers))
    assert (reply.code, room.last.status, list(room.requests.states)) == (250, "submitted", [FIRST])
    assert room.last.private.current.request.details["escorts"] == ["客户经理", "产品经理"]
    assert room.last.private.current.request.details["aim"] == "看到真实运行"
    assert await room.send(an_answer(**headers)) == reply
    assert len(room.last.timeline) == 2


async def test_an_answer_amends_an_open_request_by_what_it_names():
    room = Room()
    await room.send(a_mail())
    await room.send(an_answer("紧急程度：紧急\n\n> 紧急程度：低"))
    assert room.last.amending
    (change,) = room.outcomes[-1].events[-1].data["changes"]
    assert (change["field"], change["after"]) == ("priority", "urgent")


@pytest.mark.parametrize(("text", "code"), [("", 250), ("数量：31", 550)])
async def test_a_mail_that_repeats_another_systems_request_is_that_request_unless_it_says_otherwise(text: str, code: int):
    room = Room()
    source, customer = {"system": "crm", "reference": "R-1"}, {"id": "C-5", "name": "示例港务集团"}
    body = a_body("tools.company", source=source, opportunity={"id": "O-5", "name": "智慧港口", "customer": customer})
    await room.reception.take(Submission(action="submit", body=body, by="unit:harbour", filed_by="harbour", channel="http"))
    said = f"来源系统：crm\n来源单号：R-1\n支持类型：公司资料\n客户名称：示例港务集团\n{text}"
    assert (await room.send(a_mail(said))).code == code
    assert (len(room.requests.states), room.outcomes[-1].events) == (1, ())


async def test_an_amendment_that_cannot_stand_is_refused_with_what_is_wrong():
    room = Room()
    await room.send(a_mail())
    reply = await room.send(an_answer("参观类型：月球"))
    assert (reply.code, "was not changed" in reply.text.en, "公司总部" in reply.text.zh) == (550, True, True)
    assert not room.last.amending


async def test_thanks_change_nothing_and_are_not_answered():
    room = Room()
    await room.send(a_mail(INCOMPLETE))
    reply = await room.send(an_answer("收到，谢谢！"))
    assert (reply.code, len(room.last.timeline), room.outcomes[-1].events) == (250, 1, ())


async def test_thanks_for_work_that_has_ended_are_no_amendment_that_comes_too_late():
    room = Room()
    await room.send(a_mail())
    ended = room.requests.states[FIRST].model_copy(update={"status": "completed"})
    room.requests.states[FIRST] = ended
    reply = await room.send(an_answer("谢谢，资料已收到！"))
    assert (reply.code, len(room.outcomes)) == (250, 1)
    assert [(mail.kind, mail.request) for mail in room.book.mails.values()] == [("submit", FIRST), ("remark", FIRST)]


async def test_an_answer_takes_a_request_back_with_its_reason():
    room = Room()
    await room.send(a_mail())
    assert (await room.send(an_answer("撤回：客户推迟"))).code == 250
    assert room.last.withdrawing


async def test_a_colleagues_answer_is_a_request_of_their_own():
    room = Room()
    await room.send(a_mail(INCOMPLETE))
    await room.send(an_answer(From="a2@firm.example"), envelope_sender="a2@firm.example")
    assert len(room.requests.states) == 2
    assert room.requests.states[FIRST].status == "returned"


@pytest.mark.parametrize(
    ("text", "code", "named"),
    [
        ("请帮忙", "unknown_type", "客户参观"),
        ("支持类型：市场活动\n活动名称：开放日", "not_by_mail", "市场活动申请"),
        ("类型：销售工具", "unknown_type", "方案资料"),
    ],
)
async def test_what_cannot_come_by_mail_is_returned_with_what_to_use(text: str, code: str, named: str):
    room = Room()
    assert (await room.send(a_mail(text))).code == 250
    assert room.last.status == "returned"
    problem = room.last.verdict.problems[0]
    assert (problem.field, problem.code, named in problem.message.zh) == ("type", code, True)


async def test_a_type_named_later_makes_everything_readable():
    room = Room()
    await room.send(a_mail(MATERIAL.replace("Type: Company material\n", "")))
    assert room.last.private.current.body["extra"][UNREAD]
    await room.send(an_answer("支持类型：公司资料"))
    assert (room.last.status, room.last.private.current.request.details["quantity"]) == ("submitted", 30)
    assert room.last.private.current.request.extra == {}


async def test_files_are_stored_before_the_request_names_them():
    room = Room()
    await room.send(a_mail(parts=[a_file("草案.pdf", b"%PDF")]))
    assert room.book.blobs[1] == ("草案.pdf", b"%PDF")
    assert [file.name for file in room.last.private.current.request.attachments] == ["草案.pdf"]


@pytest.mark.parametrize("sender", ["stranger@x.example", "gone@firm.example", "twice@firm.example", None])
async def test_who_is_nobody_of_the_directory_is_refused_and_leaves_nothing(sender: str | None):
    twins = [a_person(name, "harbour", "account_manager", email="twice@firm.example") for name in ("T1", "T2")]
    room = Room(a_directory(*twins))
    reply = await room.send(a_mail(From=sender))
    assert (reply.code, reply.status) == (550, "5.7.1")
    assert (room.outcomes, room.book.blobs) == ([], [])


async def test_a_directory_that_is_still_to_come_refuses_nobody():
    assert (await Room(Directory()).send(a_mail())).code == 451


async def test_a_machine_is_kept_and_neither_answered_nor_believed():
    room = Room()
    await room.send(a_mail(INCOMPLETE))
    for raw, envelope in ((an_answer(Auto_Submitted="auto-replied"), "a1@firm.example"), (an_answer(), "")):
        assert (await room.send(raw, envelope)).code == 250
    assert (len(room.outcomes), room.last.status) == (1, "returned")
    assert [mail.kind for mail in room.book.mails.values()] == ["submit", "auto_reply"]


async def test_a_sender_nobody_vouches_for_is_refused_where_that_is_asked_for():
    room = Room(door=Door(vouching="mx.firm.example"))
    assert (await room.send(a_mail())).status == "5.7.26"
    vouched = a_mail(Authentication_Results="mx.firm.example; dkim=pass header.d=firm.example")
    assert (await room.send(vouched)).code == 250


async def test_a_mail_that_cannot_be_read_is_refused_with_the_remedy():
    reply = await Room().send(a_mail("长" * 1_000_001))
    assert (reply.code, "attach" in reply.text.en) == (554, True)


def test_a_reply_is_one_short_line_in_ascii_unless_utf_8_is_taken():
    reply = Reply(code=550, status="5.7.1", text=Text(zh="长\r\n250 OK" * 200, en="no\r\n250 OK 长" * 200))
    for utf8 in (True, False):
        line = reply.line(utf8=utf8)
        assert line.startswith("550 5.7.1 ")
        assert line.isprintable()
        assert len(line.encode()) <= LONGEST + 12
    assert reply.line().isascii()


def test_what_stands_behind_the_plus_is_not_the_mailbox():
    assert _mailbox("Support+Customer-Visit@Backline.example") == "support@backline.example"
