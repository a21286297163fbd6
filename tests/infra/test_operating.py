"""`backline status`, replay, parked, redrive, dead-letters, topics and schemas: what they ask, show and answer to the shell."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from infra.cli import app
from infra.commands import contract
from infra.contract import BrokenContractError
from infra.embedded.ports import free_port
from tests.infra.operator_desk import Desk, folder_of, open_desk

WIDE = {"COLUMNS": "200"}


@pytest.fixture
def desk(monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    monkeypatch.setenv("COLUMNS", "200")
    with open_desk() as opened:
        yield opened


def run(desk: Desk, folder: Path, *arguments: str) -> Result:
    return CliRunner(env=WIDE).invoke(app, [*arguments, "--folder", str(folder_of(desk, folder))])


def test_status_is_content_when_every_process_is_ready(tmp_path: Path, desk: Desk) -> None:
    desk.answer("GET /readyz", (200, {"ok": True, "problems": {}}))
    answer = run(desk, tmp_path, "status")
    assert answer.exit_code == 0, answer.output
    assert len(desk.asked) == 4
    assert "mongod" not in answer.output


def test_status_shows_each_problem_and_fails(tmp_path: Path, desk: Desk) -> None:
    desk.answer("GET /readyz", (503, {"ok": False, "problems": {"broker": "The broker has not [yet] answered."}}))
    answer = run(desk, tmp_path, "status")
    assert answer.exit_code == 1
    assert "The broker has not [yet] answered." in answer.output


def test_status_names_a_process_that_is_away_and_one_that_is_another_program(tmp_path: Path, desk: Desk) -> None:
    desk.answer("GET /readyz", (200, b"<html>"))
    folder = folder_of(desk, tmp_path, {"routing-1": free_port()})
    answer = CliRunner(env=WIDE).invoke(app, ["status", "--folder", str(folder)])
    assert answer.exit_code == 1
    assert "It does not answer (ConnectError)." in answer.output
    assert "Something else answers there (200)." in answer.output


def test_replay_asks_every_service_with_the_operators_token(tmp_path: Path, desk: Desk) -> None:
    desk.answer("POST /internal/replay", (200, {"requests": {"subjects": 2, "events": 7}}))
    answer = run(desk, tmp_path, "replay")
    assert answer.exit_code == 0, answer.output
    assert [asked.token for asked in desk.asked] == ["local-service-token"] * 4
    assert "documents said again requests: 7 events of 2" in answer.output


def test_replay_says_how_much_the_broker_did_not_take_and_ends_with_1(tmp_path: Path, desk: Desk) -> None:
    desk.answer("POST /internal/replay", (200, {"requests": {"subjects": 2, "events": 7, "unsaid": 3}}))
    answer = run(desk, tmp_path, "replay", "--service", "notify")
    assert answer.exit_code == 1
    assert "3 events were not acknowledged" in answer.output


def test_replay_of_one_service_asks_that_one(tmp_path: Path, desk: Desk) -> None:
    desk.answer("POST /internal/replay", (200, {"requests": {"subjects": 0, "events": 0}}))
    assert run(desk, tmp_path, "replay", "--service", "notify").exit_code == 0
    assert len(desk.asked) == 1


def test_reconcile_tells_what_each_service_had_not_heard(tmp_path: Path, desk: Desk) -> None:
    desk.answer("POST /internal/reconcile", (200, {"people": {"intake": 2}, "requests": {"intake": 3, "routing": 0}}))
    answer = run(desk, tmp_path, "reconcile", "--service", "notify")
    assert answer.exit_code == 0, answer.output
    assert "notify had not heard the last of: 2 people of intake, 3 requests of intake, 0 requests of routing" in answer.output


@pytest.mark.parametrize("command", [["replay"], ["reconcile"], ["parked"], ["dead-letters"], ["redrive", "some-request"]])
def test_a_service_that_does_not_exist_is_refused_with_those_that_do(tmp_path: Path, desk: Desk, command: list[str]) -> None:
    answer = run(desk, tmp_path, *command, "--service", "rooting")
    assert answer.exit_code == 2
    assert "choose one of intake, routing" in answer.output
    assert desk.asked == []


def test_an_address_alone_does_not_say_whose_it_is(desk: Desk) -> None:
    answer = CliRunner().invoke(app, ["parked", "--url", desk.url])
    assert answer.exit_code == 2
    assert "--service" in answer.output


def test_parked_requests_are_listed_with_the_reason(tmp_path: Path, desk: Desk) -> None:
    desk.answer("GET /internal/parked", (200, [["request-1", "fork: [routing] said 3 twice"]]), (200, []))
    answer = run(desk, tmp_path, "parked")
    assert answer.exit_code == 0, answer.output
    assert "request-1" in answer.output
    assert "fork: [routing] said 3 twice" in answer.output


def test_nothing_parked_is_said_in_words(tmp_path: Path, desk: Desk) -> None:
    desk.answer("GET /internal/parked", (200, []))
    assert "No request is set aside." in run(desk, tmp_path, "parked").output


def test_redrive_says_that_the_request_goes_on(tmp_path: Path, desk: Desk) -> None:
    desk.answer("POST /internal/parked/request-1/redrive", (200, {"still_parked": {"request-1": None}}))
    answer = run(desk, tmp_path, "redrive", "request-1", "--service", "routing")
    assert answer.exit_code == 0, answer.output
    assert "request-1 goes on in routing." in answer.output


def test_redrive_fails_with_the_reason_when_the_request_stays_parked(tmp_path: Path, desk: Desk) -> None:
    desk.answer("POST /internal/parked/request-1/redrive", (200, {"still_parked": {"request-1": "poison"}}))
    answer = run(desk, tmp_path, "redrive", "request-1", "--service", "routing")
    assert answer.exit_code == 1
    assert "still set aside in routing: poison" in answer.output


def test_a_request_id_cannot_lead_to_another_address(tmp_path: Path, desk: Desk) -> None:
    run(desk, tmp_path, "redrive", "../replay?x=", "--service", "routing")
    assert [asked.path for asked in desk.asked] == ["/internal/parked/..%2Freplay%3Fx%3D/redrive"]


def test_dead_letters_are_listed(tmp_path: Path, desk: Desk) -> None:
    letter = {"_id": "topic/0/17", "problem": "no subject", "at": "2027-03-01T09:00:00Z", "record": {}}
    desk.answer("GET /internal/dead-letters", (200, [letter]))
    assert "topic/0/17" in run(desk, tmp_path, "dead-letters", "--service", "intake").output


def test_a_state_file_that_is_broken_is_named_with_the_remedy(tmp_path: Path) -> None:
    (tmp_path / "stack.json").write_text("{", encoding="utf-8")
    answer = CliRunner().invoke(app, ["status", "--folder", str(tmp_path)])
    assert answer.exit_code == 1
    assert "move it away" in answer.output.replace("\n", " ")


def test_topics_on_a_broker_that_is_away_fail_in_a_sentence() -> None:
    answer = CliRunner().invoke(app, ["topics", f"127.0.0.1:{free_port()}"])
    assert answer.exit_code == 1
    assert "could not be used" in answer.output
    assert isinstance(answer.exception, SystemExit)


def test_a_contract_that_stands_is_said_to_stand(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(contract, "check", lambda _folder: [])
    answer = CliRunner().invoke(app, ["schemas", "check"])
    assert answer.exit_code == 0
    assert "The contract stands." in answer.output


def test_each_breaking_change_is_named_and_the_check_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(contract, "check", lambda _folder: ["submitted lost a field", "a topic has gone"])
    answer = CliRunner().invoke(app, ["schemas", "check"])
    assert answer.exit_code == 1
    assert "submitted lost a field\na topic has gone" in answer.output


def test_an_export_that_would_break_the_contract_is_refused_in_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_folder: Path) -> int:
        raise BrokenContractError("submitted lost a field")

    monkeypatch.setattr(contract, "export", refuse)
    answer = CliRunner().invoke(app, ["schemas", "export"])
    assert answer.exit_code == 1
    assert "submitted lost a field" in answer.output
