"""Logs: one pipeline for us and the libraries, ids bound while a message is handled, personal data never."""

import asyncio
import io
import itertools
import json
import logging
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import structlog
from pydantic import BaseModel, ValidationError

from shared.telemetry.logging import LEVELS, REMEMBERED, Seldom, bound, configure


class Log:
    """A configured log whose lines can be read back."""

    def __init__(self) -> None:
        self.stream = io.StringIO()

    def configured(self, style: str = "json", **options: Any) -> Any:
        configure("intake", style, stream=self.stream, **options)
        return structlog.get_logger("services.intake.test")

    @property
    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.stream.getvalue().splitlines()]

    @property
    def last(self) -> dict[str, Any]:
        return self.lines[-1]


@pytest.fixture
def log() -> Iterator[Log]:
    """Whatever a test configures is undone after it."""
    root = logging.getLogger()
    before = (root.handlers, root.level, {name: logging.getLogger(name).level for name in LEVELS})
    structure = structlog.get_config()
    yield Log()
    root.handlers = before[0]
    root.setLevel(before[1])
    logging.captureWarnings(capture=False)
    for name, level in before[2].items():
        logging.getLogger(name).setLevel(level)
    structlog.configure(**structure)


def test_a_line_is_one_json_object_with_event_level_time_and_service(log: Log):
    log.configured().info("intake.request_accepted", verdict="accepted")
    line = log.last
    assert (line["event"], line["level"], line["service"], line["verdict"]) == (
        "intake.request_accepted",
        "info",
        "intake",
        "accepted",
    )
    assert line["timestamp"].endswith("Z")


def test_on_a_terminal_a_line_is_readable(log: Log):
    log.configured("console").info("intake.request_accepted", verdict="accepted")
    assert "intake.request_accepted" in log.stream.getvalue()
    assert "verdict=accepted" in log.stream.getvalue()
    assert not log.stream.getvalue().startswith("{")


def test_without_a_terminal_auto_means_json(log: Log):
    log.configured("auto").info("intake.started")
    assert log.last["event"] == "intake.started"


def test_an_unknown_style_is_refused_with_the_choices(log: Log):
    with pytest.raises(ValueError, match="auto, json, console"):
        log.configured("xml")


def test_ids_are_bound_in_the_block_and_gone_after_it(log: Log):
    ours = log.configured()
    with bound(request_id="r-1", event_id="e-1", command_id=None):
        ours.info("inside")
    ours.info("outside")
    inside, outside = log.lines
    assert (inside["request_id"], inside["event_id"]) == ("r-1", "e-1")
    assert "command_id" not in inside
    assert not {"request_id", "event_id"} & outside.keys()


def test_ids_are_unbound_when_the_block_fails(log: Log):
    ours = log.configured()
    with pytest.raises(RuntimeError), bound(request_id="r-1"):
        raise RuntimeError
    ours.info("after")
    assert "request_id" not in log.last


def test_an_inner_block_gives_the_outer_ids_back(log: Log):
    ours = log.configured()
    with bound(request_id="outer"):
        with bound(request_id="inner"):
            ours.info("in")
        ours.info("out")
    assert [line["request_id"] for line in log.lines] == ["inner", "outer"]


async def test_messages_handled_side_by_side_keep_their_own_ids(log: Log):
    ours, both_inside = log.configured(), asyncio.Barrier(2)

    async def handle(request: str) -> None:
        with bound(request_id=request):
            await both_inside.wait()
            ours.info("handled", expected=request)

    await asyncio.gather(handle("r-1"), handle("r-2"))
    handled = [line for line in log.lines if line["event"] == "handled"]  # what runs beside the tests may speak too
    assert sorted((line["request_id"], line["expected"]) for line in handled) == [("r-1", "r-1"), ("r-2", "r-2")]


def test_libraries_speak_through_the_same_pipeline_with_the_bound_ids(log: Log):
    log.configured()
    with bound(request_id="r-1"):
        logging.getLogger("aiokafka.consumer").warning("Heartbeat failed for %s", "group")
    line = log.last
    assert (line["event"], line["logger"], line["request_id"]) == ("Heartbeat failed for group", "aiokafka.consumer", "r-1")


def test_a_library_says_the_same_once_in_a_while_and_then_how_often_it_was_not_let(log: Log):
    log.configured()
    library, elsewhere = logging.getLogger("aiokafka.conn"), logging.getLogger("aiokafka.client")
    for _ in range(5):
        library.error("Unable to connect to node %s", 0)
    library.error("Unable to connect to node %s", 1)
    elsewhere.error("Unable to connect to node %s", 0)
    for problem in (ConnectionError(), MemoryError()):
        library.error("Unable to connect to node %s", 0, exc_info=problem)
    assert [line["event"].rsplit(" ", 1)[1] for line in log.lines] == ["0", "1", "0", "0", "0"]


def test_what_was_held_back_is_counted_and_ours_is_never_held_back():
    now = [0.0]
    seldom = Seldom(seconds=10, clock=lambda: now[0])

    def said(name: str) -> str | None:
        record = logging.LogRecord(name, logging.ERROR, "", 0, "away: %s", ("x",), None)
        return record.getMessage() if seldom.filter(record) else None

    assert [said("aiokafka"), said("aiokafka"), said("aiokafka")] == ["away: x", None, None]
    now[0] = 10.0
    assert said("aiokafka") == "away: x (and 2 times more since it was last said)"
    assert said("shared.messaging.stream") == said("shared.messaging.stream") == "away: x"


def test_several_threads_may_speak_at_once():
    ticks = itertools.count()
    seldom = Seldom(seconds=1, clock=lambda: float(next(ticks)))

    def speak(number: int) -> None:
        for text in range(2 * REMEMBERED):
            seldom.filter(logging.LogRecord("aiokafka", logging.ERROR, "", 0, f"text {text % (number + 700)}", None, None))

    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    try:
        with ThreadPoolExecutor(4) as threads:
            list(threads.map(speak, range(4)))
    finally:
        sys.setswitchinterval(before)
    assert len(seldom._said) <= REMEMBERED


def test_no_more_than_so_many_texts_are_remembered():
    seldom = Seldom(seconds=10, clock=lambda: 0.0)
    for number in range(3 * REMEMBERED):
        assert seldom.filter(logging.LogRecord("aiokafka", logging.ERROR, "", 0, f"text {number}", None, None))
    assert len(seldom._said) == REMEMBERED


@pytest.mark.parametrize("name", ["uvicorn.error", "services.routing.handlers", "shared.ledger.worker"])
def test_these_speak_from_info_up(log: Log, name: str):
    log.configured()
    logging.getLogger(name).info("told")
    assert log.last["event"] == "told"


@pytest.mark.parametrize("name", ["aiokafka", "faststream", "httpx", "uvicorn.access", "pymongo"])
def test_these_speak_from_warning_up(log: Log, name: str):
    log.configured()
    logging.getLogger(name).info("chatter")
    assert log.stream.getvalue() == ""


@pytest.mark.parametrize("key", ["name", "email", "phone", "body", "details", "counterparts", "jury", "recipients", "token"])
def test_personal_keys_are_dropped_at_any_depth(log: Log, key: str):
    log.configured().info("x", **{key: "王磊"}, inside={key: "王磊", "kept": [{key: "王磊"}]})
    assert "王磊" not in log.stream.getvalue()
    assert log.last["inside"] == {"kept": [{}]}


def test_a_packs_personal_fields_are_dropped_too(log: Log):
    log.configured(personal=["gift_receiver"]).info("x", gift_receiver="王磊")
    assert "gift_receiver" not in log.last


def test_a_library_cannot_smuggle_personal_keys_in_through_extra(log: Log):
    log.configured()
    logging.getLogger("other").error("x", extra={"email": "wang@a.example"})
    assert "wang@a.example" not in log.stream.getvalue()


def test_a_long_text_is_cut_and_bytes_are_only_counted(log: Log):
    log.configured().info("x", answer="好" * 10_000, raw_bytes=b"123")
    assert len(log.last["answer"]) < 600
    assert log.last["answer"].endswith("(10000 characters)")
    assert log.last["raw_bytes"] == "(3 bytes)"


class Mail(BaseModel):
    to: int


def test_an_object_is_named_by_its_type_and_not_shown(log: Log):
    log.configured().info("x", delivery=Mail(to=13800000000))
    assert log.last["delivery"] == "<Mail>"


def test_an_exception_is_told_by_type_and_place_without_quoting_data(log: Log):
    ours = log.configured()
    try:
        Mail.model_validate({"to": "王" + "磊"})
    except ValidationError:
        ours.exception("mail.refused")
    told = log.last["exception"]
    assert "ValidationError" in told
    assert "test_logging.py" in told
    assert "王磊" not in told


def test_the_operating_systems_message_is_told(log: Log):
    ours = log.configured()
    try:
        raise ConnectionRefusedError(111, "Connection refused")
    except OSError:
        ours.exception("broker.away")
    assert "Connection refused" in log.last["exception"]


def test_causes_and_groups_are_told(log: Log):
    ours = log.configured()
    failure = ExceptionGroup("many", [TypeError("b"), ZeroDivisionError("c")])
    failure.__cause__ = KeyError("a")
    ours.error("x", exc_info=failure)
    assert all(name in log.last["exception"] for name in ("KeyError", "TypeError", "ZeroDivisionError", "which came of"))
