"""How both clients send: tried again under one key, problems by their kind, streams in constant memory. Each test runs for both."""

import asyncio
import gc
import hashlib
import json
import re
import tracemalloc
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any, Literal

import httpx
import pytest

from shared.client import AsyncClient, Client, Fed, batches, models
from shared.client.attempts import Patience

Kind = Literal["blocking", "async"]
ANSWER = {"id": "i", "number": "BL-1", "action": "submit", "outcome": "accepted"}
BUSY = {"code": "busy", "detail": "later", "message": {"zh": "稍后", "en": "later"}}
both = pytest.mark.parametrize("kind", ["blocking", "async"])


class Scripted:
    """A service that answers in turn as it is told, and remembers what it was sent; an exception is raised."""

    def __init__(
        self, *answers: httpx.Response | Exception | Callable[[httpx.Request], httpx.Response], takes: float = 0.0
    ) -> None:
        self.answers, self.asked, self.slept, self.now = list(answers), list[httpx.Request](), list[float](), 0.0
        self.takes = takes

    def __call__(self, request: httpx.Request) -> httpx.Response:
        request.read()
        return self._answer(request)

    async def later(self, request: httpx.Request) -> httpx.Response:
        await request.aread()
        return self._answer(request)

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        self.now += self.takes
        answer = self.answers.pop(0) if len(self.answers) > 1 or not callable(self.answers[0]) else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer if isinstance(answer, httpx.Response) else answer(request)

    async def sleeps(self, seconds: float) -> None:
        self.slept.append(seconds)

    def ask(self, kind: Kind, method: str, /, *given: Any, attempts: int = 3, **named: Any) -> Any:
        """What `method` of a client of `kind` answers; of a stream, the list of what it tells."""
        told = {"language": "en", "patience": Patience(attempts=attempts), "monotonic": lambda: self.now}
        urls = {"intake": "http://intake/"}
        if kind == "blocking":
            http = httpx.Client(transport=httpx.MockTransport(self))
            with Client(urls, "t", http=http, sleep=self.slept.append, **told) as client:  # type: ignore[arg-type]
                answer = getattr(client, method)(*given, **named)
                return list(answer) if isinstance(answer, Iterator) else answer

        async def awaited() -> Any:
            http = httpx.AsyncClient(transport=httpx.MockTransport(self.later))
            async with AsyncClient(urls, "t", http=http, sleep=self.sleeps, **told) as client:  # type: ignore[arg-type]
                answer = getattr(client, method)(*given, **named)
                return [one async for one in answer] if isinstance(answer, AsyncIterator) else await answer

        return asyncio.run(awaited())


@both
@pytest.mark.parametrize("status", [429, 503])
def test_a_busy_service_is_asked_again_with_the_same_key_after_the_time_it_names(kind: Kind, status: int):
    busy = httpx.Response(status, json=BUSY, headers={"Retry-After": "7"})
    service = Scripted(busy, httpx.ReadTimeout("late"), httpx.Response(202, json=ANSWER))
    assert service.ask(kind, "submit", {}).outcome == "accepted"
    assert service.slept[0] == 7
    keys = {request.headers["idempotency-key"] for request in service.asked}
    assert len(service.asked) == 3
    assert len(keys) == 1
    assert re.fullmatch(r'"[0-9a-f-]{36}"', keys.pop())


@both
def test_two_commands_have_two_keys(kind: Kind):
    service = Scripted(*(httpx.Response(202, json=ANSWER) for _ in range(2)))
    service.ask(kind, "submit", {})
    service.ask(kind, "withdraw", "i", "why", key='my "key"')
    first, second = (request.headers["idempotency-key"] for request in service.asked)
    assert (first != second, second) == (True, '"my \\"key\\""')


@both
@pytest.mark.parametrize(
    ("status", "called"),
    [
        (401, "Unauthorised"),
        (403, "Forbidden"),
        (404, "NotFound"),
        (409, "Conflict"),
        (422, "WronglyAsked"),
        (500, "ServerFault"),
    ],
)
def test_a_problem_is_an_exception_by_its_kind_and_is_not_tried_again(kind: Kind, status: int, called: str):
    fault = {"pointer": "/a~1b", "code": "missing", "detail": "is missing; add it."}
    service = Scripted(httpx.Response(status, json={**BUSY, "code": "c", "errors": [fault]}))
    with pytest.raises(Exception, match="c: later") as caught:
        service.ask(kind, "submit", {})
    assert type(caught.value).__name__ == called
    assert caught.value.errors[0].pointer == "/a~1b"  # type: ignore[attr-defined]
    assert len(service.asked) == 1


@both
def test_what_never_answers_is_given_up_after_the_last_attempt(kind: Kind):
    service = Scripted(*(httpx.ConnectError("away") for _ in range(3)))
    with pytest.raises(Exception, match=r"http://intake/v1/requests did not answer \(ConnectError\)"):
        service.ask(kind, "submit", {})
    assert (len(service.asked), len(service.slept)) == (3, 2)


@both
def test_what_cannot_be_sent_is_not_tried_again(kind: Kind):
    service = Scripted(httpx.UnsupportedProtocol("file://"))
    with pytest.raises(Exception, match="UnsupportedProtocol"):
        service.ask(kind, "submit", {})
    assert (len(service.asked), service.slept) == (1, [])


@both
def test_an_answer_that_is_no_problem_document_is_told_by_its_beginning(kind: Kind):
    with pytest.raises(Exception, match="502 http_502: <html>"):
        Scripted(httpx.Response(502, text="<html>")).ask(kind, "submit", {}, attempts=1)


@both
@pytest.mark.parametrize("answered", ["<html>", "{}", "[]"])
def test_an_answer_that_no_service_gives_is_told_as_such(kind: Kind, answered: str):
    with pytest.raises(Exception, match="200 not_understood: intake answered something else") as caught:
        Scripted(httpx.Response(200, text=answered)).ask(kind, "submit", {})
    assert type(caught.value).__name__ == "ServerFault"


@both
@pytest.mark.parametrize(
    ("wait", "takes", "pauses"), [(20, 0.0, 5.0), (20, 20.0, None), (2, 0.5, 1.5), (2, 2.0, None), (0, 0.0, 1.0)]
)
def test_a_watcher_who_is_told_early_that_nothing_changed_pauses(
    kind: Kind, wait: int, takes: float, pauses: float | None, monkeypatch: pytest.MonkeyPatch
):
    def shown(raw: bytes) -> models.WholeRequest:
        return models.WholeRequest.model_construct(status=json.loads(raw)["status"])

    monkeypatch.setattr(models.WholeRequest, "model_validate_json", shown)
    answers = [
        httpx.Response(200, json={"status": status}, headers={"ETag": tag})
        for status, tag in (("submitted", "1"), ("withdrawn", "2"))
    ]
    service = Scripted(answers[0], httpx.Response(304, headers={"ETag": "1"}), answers[1], takes=takes)
    assert [whole.status for whole in service.ask(kind, "watch", "R-1", wait=wait)] == ["submitted", "withdrawn"]
    assert service.slept == ([] if pauses is None else [pauses])
    assert [request.headers.get("if-none-match") for request in service.asked] == [None, "1", "1"]


@both
def test_a_number_is_looked_up_before_its_request_is_asked_for(kind: Kind):
    service = Scripted(httpx.Response(200, json={"requests": [], "next": None}))
    with pytest.raises(Exception, match="There is no request BL-7"):
        service.ask(kind, "find", "BL-7")
    assert service.asked[0].url.params["number"] == "BL-7"
    assert service.ask(kind, "id_of", " an-id ") == "an-id"
    assert len(service.asked) == 1


def accepting(request: httpx.Request) -> httpx.Response:
    """Accepts each line, named by what it holds."""
    lines = request.content.splitlines()
    rows = [json.dumps({**ANSWER, "number": line.decode(), "line": place}) for place, line in enumerate(lines, start=1)]
    return httpx.Response(200, text="\n".join(rows))


@both
def test_lines_are_fed_in_batches_and_answered_under_their_own_places(kind: Kind, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(batches, "BATCH_LINES", 2)
    unsent = Fed(line=9, record=4, problem={"code": "too_large"})
    lines = [b'{"a":\n1}\n', b" \n", {"b": 2}, unsent, Fed(content=b"[]", line=12)]
    service = Scripted(accepting)
    told = service.ask(kind, "feed", lines)
    assert [request.content for request in service.asked] == [b'{"a": 1}\n{"b": 2}', b"[]"]
    assert [[(one.line, one.record, one.outcome) for one in page] for page in told] == [
        [(1, None, "accepted"), (3, None, "accepted")],
        [(9, 4, "refused"), (12, None, "accepted")],
    ]
    assert told[1][1].number == "[]"


@both
def test_what_is_never_sent_asks_nobody(kind: Kind):
    service = Scripted(accepting)
    (page,) = service.ask(kind, "feed", [Fed(line=1, problem={"code": "x"})])
    assert (page[0].outcome, service.asked, service.ask(kind, "feed", [])) == ("refused", [], [])


@both
def test_a_batch_whose_answer_was_broken_off_is_sent_again_as_the_same_bytes(kind: Kind):
    half = httpx.Response(200, text=json.dumps({**ANSWER, "line": 1}) + "\n")
    service = Scripted(half, accepting)
    (page,) = service.ask(kind, "feed", [b"1", b"2"])
    assert (len(page), len(service.asked), len(service.slept)) == (2, 2, 1)
    assert len({request.content for request in service.asked}) == 1
    with pytest.raises(Exception, match="BrokenOff"):
        Scripted(half, half, half).ask(kind, "feed", [b"1", b"2"])


def test_lines_of_an_async_source_are_fed_as_they_come():
    async def source() -> AsyncIterator[bytes]:
        for number in range(3):
            yield str(number).encode()

    assert [len(page) for page in Scripted(accepting).ask("async", "feed", source())] == [3]


LINE = b'{"text": "' + b"x" * 1024 + b'"}'


def peak(number: int, of: Callable[[Iterator[bytes]], Any]) -> int:
    """Bytes at most, while `number` lines of a kilobyte go through `of` and are fed."""

    def forgetful(request: httpx.Request) -> httpx.Response:
        answer = json.dumps({**ANSWER, "line": 1})
        return httpx.Response(200, text="\n".join([answer] * len(request.read().splitlines())))

    lines = (LINE[:-2] + str(place).encode() + LINE[-2:] for place in range(number))
    http = httpx.Client(transport=httpx.MockTransport(forgetful))
    collector = gc.get_threshold()
    gc.set_threshold(700, 10, 10)  # services that other tests ran in this process let more garbage wait
    gc.collect()
    tracemalloc.start()
    try:
        with Client({"intake": "http://intake"}, "t", http=http) as client:
            assert sum(len(page) for page in client.feed(of(lines))) == number
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
        gc.set_threshold(*collector)


def test_a_stream_of_any_length_costs_a_batch_of_memory():
    """Four times as many lines cost no more; the control holds them all."""
    few = peak(1_500, iter)
    assert peak(6_000, iter) < 1.2 * few
    assert peak(6_000, list) > 2 * few


@both
def test_a_file_is_sent_under_its_digest_and_again_from_its_start(kind: Kind, tmp_path: Path):
    file = tmp_path / "草案.docx"
    file.write_bytes(b"content" * 100_000)
    stored = {"sha256": "d", "size": 1, "media_type": "x", "name": "n"}
    service = Scripted(httpx.Response(503, json=BUSY), httpx.Response(201, json=stored))
    service.ask(kind, "store_attachment", file, name=file.name, media_type="application/msword")
    first, second = service.asked
    assert first.content == second.content == file.read_bytes()
    assert (first.headers["content-length"], "transfer-encoding" in first.headers) == ("700000", False)
    assert first.url.path == f"/v1/attachments/{hashlib.sha256(file.read_bytes()).hexdigest()}"
    assert (first.url.params["name"], first.headers["content-type"]) == ("草案.docx", "application/msword")


@both
def test_the_desk_is_asked_by_its_own_words_and_a_correction_holds_what_was_given(kind: Kind):
    counts = {"returned": 0, "rejected": 0, "refused": 0, "settled": 0}
    page = httpx.Response(200, json={"entries": [], "counts": counts, "next": None})
    service = Scripted(page, httpx.Response(202, json=ANSWER))
    assert service.ask(kind, "desk", state="open", limit=5).next is None
    service.ask(kind, "resend", "d-7", patch={"a": None}, seen=3)
    assert dict(service.asked[0].url.params) == {"state": "open", "limit": "5"}
    assert json.loads(service.asked[1].content) == {"patch": {"a": None}, "seen": 3}


@both
def test_a_waiver_and_an_erasure_say_which_and_by_whom(kind: Kind):
    erased = httpx.Response(200, json={"request": "i", "erased": True, "mails": 0, "entries": 0})
    service = Scripted(httpx.Response(202, json=ANSWER), erased)
    service.ask(kind, "waive", "i", "budget", "urgent")
    assert service.ask(kind, "erase", "i", by="ops").erased
    waiver, erasure = service.asked
    assert json.loads(waiver.content) == {"precondition": "budget", "reason": "urgent"}
    assert (erasure.url.path, dict(erasure.url.params)) == ("/internal/requests/i/erase", {"by": "ops"})
