"""`backline restore`: whose settings it takes, when it refuses, and what it shows and answers to the shell."""

import json
import socket
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from typer.testing import CliRunner

from infra.cli import app
from infra.commands import restoring
from infra.commands.restoring import local
from shared.ledger.restoring import Mended
from shared.messaging.rereading import NotReadError
from shared.service import parts
from shared.service.restoring import Restored, StillRunningError
from shared.service.settings import Settings
from tests.infra.operator_desk import open_desk

PORTS = {"mongod": 1, "broker": 2, "intake-1": 3, "routing-1": 4, "notify-1": 5, "documents-1": 6, "smtp": 7, "notify-2": 9}
Ask = Callable[..., Result]


@pytest.fixture
def asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Ask:
    """The command over a local stack whose restore ends as told."""
    (tmp_path / "stack.json").write_text(json.dumps({"ports": PORTS}))
    monkeypatch.delenv("BACKLINE_MONGO_URI", raising=False)

    def run(end: Restored | Exception, *arguments: str) -> Result:
        async def restored(
            service: str, _environment: Mapping[str, str], by: str, since: datetime | None, addresses: Sequence[str]
        ) -> Restored:
            assert (service, by) == ("notify", "A1")
            assert set(addresses) == {"http://127.0.0.1:5", "http://127.0.0.1:9"}
            if isinstance(end, Exception):
                raise end
            return end

        monkeypatch.setattr(restoring, "_restored", restored)
        command = ["restore", "notify", "--as", "A1", "--folder", str(tmp_path), *arguments]
        return CliRunner(env={"COLUMNS": "200"}).invoke(app, command)

    return run


def an_end(*rows: Mended) -> Restored:
    restored = Restored(read=9)
    restored.take("requests", [Mended(subject="r0", end="restored", events=4), *rows])
    return restored


def test_when_all_is_taken_up_it_says_so_and_that_the_service_may_be_started(asked: Ask) -> None:
    answer = asked(an_end())
    assert answer.exit_code == 0, answer.output
    assert answer.stdout == "notify: 4 events of 1 taken up, 0 in doubt, 0 set aside, 0 not restored.\nnotify may be started.\n"


def test_doubts_and_requests_set_aside_are_shown_for_a_person_who_may_start_the_service(asked: Ask) -> None:
    doubt = Mended(subject="r1", end="restored", events=1, doubts=("i1", "i2"))
    aside = Mended(subject="r2", end="set aside", why="fork: [so]")
    answer = asked(an_end(doubt, aside))
    assert answer.exit_code == 1
    assert answer.stdout.splitlines()[:3] == [
        "requests r1: item i1 is in doubt",
        "requests r1: item i2 is in doubt",
        "requests r2: set aside: fork: [so]",
    ]
    assert "notify may be started." in answer.stdout
    assert "5 events of 2 taken up, 2 in doubt, 1 set aside, 0 not restored." in answer.stdout


@pytest.mark.parametrize("end", ["unasked", "written by others", "unstorable"])
def test_while_one_is_not_restored_the_service_must_not_be_started(asked: Ask, end: Any) -> None:
    answer = asked(an_end(Mended(subject="r1", end=end, why="w")))
    assert answer.exit_code == 1
    assert "Do not start notify: run this again" in answer.stdout


def test_where_the_topic_was_read_too_late_it_says_so(asked: Ask) -> None:
    answer = asked(an_end(Mended(subject="r1", end="not all read", why="w")), "--since", "2027-03-01T09:00:00+08:00")
    assert answer.exit_code == 1
    assert "1 not restored." in answer.stdout
    assert "Do not start notify: the moment of --since is too late; run this again without it." in answer.stdout


def test_records_that_name_nobody_are_no_reason_to_say_that_all_is_well(asked: Ask) -> None:
    restored = an_end()
    restored.unreadable = 2
    answer = asked(restored)
    assert answer.exit_code == 1
    assert answer.stdout.splitlines()[-1].startswith(
        "2 records of its topics cannot be read and name no request of its own: a number"
    )


def test_a_service_that_runs_is_not_restored(asked: Ask) -> None:
    answer = asked(StillRunningError("notify answers at x; stop all its processes, and restore it then."))
    assert (answer.exit_code, "stop all its processes" in answer.output) == (2, True)


def test_a_broker_that_is_away_leaves_the_service_stopped(asked: Ask) -> None:
    answer = asked(NotReadError("t cannot be read (KafkaConnectionError)"))
    assert answer.exit_code == 1
    assert "t cannot be read (KafkaConnectionError). Do not start notify; running this command again is safe." in answer.output


@pytest.mark.parametrize(
    ("given", "why"), [("yesterday", "--since says 'yesterday'"), ("2027-03-01T09:00:00", "with its offset")]
)
def test_a_moment_without_offset_is_refused(asked: Ask, given: str, why: str) -> None:
    answer = asked(an_end(), "--since", given)
    assert (answer.exit_code, why in answer.output) == (2, True)


def test_a_service_that_does_not_exist_and_a_folder_without_a_stack_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("BACKLINE_MONGO_URI", raising=False)
    assert CliRunner().invoke(app, ["restore", "rooting"]).exit_code == 2
    answer = CliRunner().invoke(app, ["restore", "notify", "--as", "A1", "--folder", str(tmp_path)])
    assert (answer.exit_code, "give the service's own settings" in answer.output) == (2, True)


def test_of_a_local_stack_the_settings_are_those_of_its_services(tmp_path: Path) -> None:
    (tmp_path / "stack.json").write_text(json.dumps({"ports": {**PORTS, "kafka-1": 8, "kafka-1-quorum": 9, "kafka-2": 10}}))
    settings = Settings.read("notify", local(tmp_path))
    assert settings.broker == "127.0.0.1:2,127.0.0.1:8,127.0.0.1:10"
    assert settings.url_of("documents") == "http://127.0.0.1:6"
    assert "127.0.0.1:1/" in settings.mongo_uri


@pytest.mark.parametrize("service", ["intake", "routing", "notify", "documents"])
def test_whoever_answers_at_the_address_of_any_service_is_noticed_before_anything_is_touched(
    tmp_path: Path, service: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(restoring.logging, "configure", lambda *_: None)
    (tmp_path / "stack.json").write_text(json.dumps({"ports": PORTS}))
    with open_desk() as running:
        environment = {**local(tmp_path), f"BACKLINE_{service.upper()}_URL": running.url}
        answer = CliRunner(env=environment).invoke(app, ["restore", service, "--as", "A1"])
    assert (answer.exit_code, f"{service} answers at" in answer.output) == (2, True), answer.output


@pytest.mark.parametrize("process", ["notify-1", "notify-2"])
def test_whoever_takes_a_connection_and_does_not_answer_is_frozen_and_not_stopped(
    tmp_path: Path, process: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(restoring.logging, "configure", lambda *_: None)
    monkeypatch.setattr(parts, "ASK_SECONDS", 0.5)
    monkeypatch.delenv("BACKLINE_MONGO_URI", raising=False)
    with socket.create_server(("127.0.0.1", 0)) as frozen, socket.create_server(("127.0.0.1", 0)) as closed:
        ports = {**PORTS, "notify-1": closed.getsockname()[1], "notify-2": closed.getsockname()[1]}
        closed.close()
        (tmp_path / "stack.json").write_text(json.dumps({"ports": {**ports, process: frozen.getsockname()[1]}}))
        answer = CliRunner().invoke(app, ["restore", "notify", "--as", "A1", "--folder", str(tmp_path)])
    assert (answer.exit_code, "notify may be there without answering (ReadTimeout)" in answer.output) == (2, True), answer.output
