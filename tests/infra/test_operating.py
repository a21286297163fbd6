"""`backline status`, replay, parked, redrive, dead-letters, topics and schemas: what they ask, show and answer to the shell."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from infra.cli import app
from infra.commands import contract
from infra.commands.moments import moment_of
from infra.contract import BrokenContractError
from infra.embedded.ports import free_port
from tests.infra.operator_desk import PROCESSES, Desk, folder_of, open_desk

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


def test_status_of_a_stack_that_has_ended_says_so_and_how_to_start_it(tmp_path: Path, desk: Desk) -> None:
    ended = {name: free_port() for name in PROCESSES}
    answer = CliRunner(env=WIDE).invoke(app, ["status", "--folder", str(folder_of(desk, tmp_path, ended))])
    assert answer.exit_code == 3
    assert f"No stack runs in {tmp_path}; start one with `backline up --folder {tmp_path}`." in answer.output


def test_status_where_there_never_was_a_stack_says_the_same(tmp_path: Path) -> None:
    answer = CliRunner().invoke(app, ["status", "--folder", str(tmp_path)])
    assert answer.exit_code == 3
    assert "backline up" in answer.output


def replayed(subjects: int, events: int, following: str | None = None, unsaid: int = 0) -> dict[str, object]:
    """A page of a replay."""
    return {"ledger": "requests", "subjects": subjects, "events": events, "unsaid": unsaid, "next": following}


def test_replay_asks_every_service_with_the_operators_token_and_says_who_asks(tmp_path: Path, desk: Desk) -> None:
    desk.answer("GET /internal/replay", (200, {"requests": 2}))
    desk.answer("POST /internal/replay?by=A1", (200, replayed(2, 7)))
    answer = run(desk, tmp_path, "replay", "--as", "A1")
    assert answer.exit_code == 0, answer.output
    assert [asked.token for asked in desk.asked] == ["local-service-token"] * 8
    assert "documents said again 7 events of 2 subjects" in answer.output


def test_replay_goes_on_from_page_to_page_and_off_a_terminal_says_so_line_by_line(tmp_path: Path, desk: Desk) -> None:
    desk.answer("GET /internal/replay", (200, {"requests": 3}))
    desk.answer("POST /internal/replay?by=A1", (200, replayed(2, 7, "a b")))
    desk.answer("POST /internal/replay?by=A1&cursor=a+b", (200, replayed(1, 1)))
    answer = run(desk, tmp_path, "replay", "--service", "notify", "--as", "A1")
    assert answer.stdout == "notify said again 8 events of 3 subjects\n"
    assert answer.stderr == "notify says again: 2 of 3\nnotify says again: 3 of 3\n"


def test_replay_of_what_happened_since_a_moment_asks_for_that(tmp_path: Path, desk: Desk) -> None:
    since = "since=2027-03-01T09%3A00%3A00%2B08%3A00"
    desk.answer(f"GET /internal/replay?{since}", (200, {"requests": 0}))
    desk.answer(f"POST /internal/replay?by=A1&{since}", (200, replayed(0, 0)))
    answer = run(desk, tmp_path, "replay", "--service", "notify", "--since", "2027-03-01T09:00:00+08:00", "--as", "A1")
    assert answer.exit_code == 0, answer.output


@pytest.mark.parametrize("given", ["yesterday", "2027-03-01T09:00:00", "2027-13-01"])
def test_a_moment_that_is_none_is_refused_with_how_to_write_one(tmp_path: Path, desk: Desk, given: str) -> None:
    answer = run(desk, tmp_path, "replay", "--since", given, "--as", "A1")
    assert answer.exit_code == 2
    assert f"--since says '{given}'; write a day such as 2027-03-01, or an ISO time with its offset" in answer.output


def test_a_day_begins_at_midnight_here() -> None:
    day = moment_of("2027-03-01")
    assert day is not None
    assert (day.hour, day.minute, day.tzinfo is not None) == (0, 0, True)


def test_a_dry_replay_only_counts(tmp_path: Path, desk: Desk) -> None:
    desk.answer("GET /internal/replay", (200, {"requests": 3, "people": 9}))
    answer = run(desk, tmp_path, "replay", "--service", "intake", "--dry-run")
    assert "intake would say again the events of 3 requests, 9 people" in answer.output
    assert [asked.method for asked in desk.asked] == ["GET"]


def test_replay_stops_where_the_broker_takes_nothing_and_says_how_to_go_on_from_there(tmp_path: Path, desk: Desk) -> None:
    desk.answer("GET /internal/replay", (200, {"requests": 2}))
    desk.answer("POST /internal/replay?by=A1", (200, replayed(1, 3, "a b")))
    desk.answer("POST /internal/replay?by=A1&cursor=a+b", (200, replayed(1, 0, "a b", unsaid=4)))
    answer = run(desk, tmp_path, "replay", "--as", "A1", "--service", "notify")
    assert answer.exit_code == 1
    assert len(desk.asked) == 3
    assert "The broker did not take 4 events of notify" in answer.output
    assert "--service notify --cursor 'a b'" in answer.output
    desk.answer("POST /internal/replay?by=A1&cursor=a+b", (200, replayed(1, 4)))
    again = run(desk, tmp_path, "replay", "--as", "A1", "--service", "notify", "--cursor", "a b")
    assert again.exit_code == 0, again.output
    assert "notify said again 4 events of 1 subjects" in again.output


@pytest.mark.parametrize(
    "given",
    [
        ["--request", "r1", "--dry-run"],
        ["--request", "r1", "--since", "2027-03-01"],
        ["--request", "r1", "--cursor", "c", "--service", "notify"],
        ["--cursor", "c", "--service", "notify", "--dry-run"],
        ["--cursor", "c", "--service", "notify", "--since", "2027-03-01"],
    ],
)
def test_what_would_not_be_heeded_is_refused(tmp_path: Path, desk: Desk, given: list[str]) -> None:
    answer = run(desk, tmp_path, "replay", *given)
    assert answer.exit_code == 2
    assert "--request and --cursor each say alone what is meant" in answer.output
    assert desk.asked == []


def test_a_cursor_alone_does_not_say_whose_it_is(tmp_path: Path, desk: Desk) -> None:
    answer = run(desk, tmp_path, "replay", "--cursor", "a b")
    assert answer.exit_code == 2
    assert desk.asked == []


def test_replay_of_a_request_that_nobody_knows_fails(tmp_path: Path, desk: Desk) -> None:
    desk.answer("POST /internal/replay?by=A1&request=r9", (200, replayed(0, 0)))
    answer = run(desk, tmp_path, "replay", "--request", "r9", "--as", "A1")
    assert answer.exit_code == 1
    assert "No service that was asked knows r9." in answer.output


def test_who_acts_is_the_user_of_this_machine_unless_said(tmp_path: Path, desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOGNAME", "someone")
    run(desk, tmp_path, "reconcile", "--service", "notify")
    assert [asked.path for asked in desk.asked] == ["/internal/reconcile?by=someone"]


def compared(what: str, source: str, lacking: int, following: str | None, failed: int = 0) -> dict[str, object]:
    """A page of a comparison."""
    return {"what": what, "source": source, "compared": 9, "lacking": lacking, "failed": failed, "next": following}


def test_reconcile_tells_what_each_service_had_not_heard(tmp_path: Path, desk: Desk) -> None:
    desk.answer("POST /internal/reconcile?by=A1", (200, compared("people", "intake", 2, "1")))
    desk.answer("POST /internal/reconcile?by=A1&cursor=1", (200, compared("requests", "intake", 1, "2")))
    desk.answer("POST /internal/reconcile?by=A1&cursor=2", (200, compared("requests", "intake", 2, "3")))
    desk.answer("POST /internal/reconcile?by=A1&cursor=3", (200, compared("requests", "routing", 0, None)))
    answer = run(desk, tmp_path, "reconcile", "--service", "notify", "--as", "A1")
    assert answer.exit_code == 0, answer.output
    assert "notify had not heard the last of: 2 people of intake, 3 requests of intake, 0 requests of routing" in answer.output
    assert "notify compares: 36\n" in answer.stderr


def test_reconcile_goes_through_everything_and_fails_when_something_could_not_be_had(tmp_path: Path, desk: Desk) -> None:
    desk.answer("POST /internal/reconcile?by=A1", (200, compared("requests", "intake", 2, "1", failed=1)))
    desk.answer("POST /internal/reconcile?by=A1&cursor=1", (200, compared("requests", "intake", 1, None)))
    answer = run(desk, tmp_path, "reconcile", "--service", "notify", "--as", "A1")
    assert answer.exit_code == 1
    assert "notify had not heard the last of: 3 requests of intake" in answer.output
    assert "Of 1 of them the events could not be had" in answer.output


@pytest.mark.parametrize(
    "command",
    [
        ["replay"],
        ["reconcile"],
        ["parked", "list"],
        ["dead-letters", "list"],
        ["redrive", "r1"],
        ["dead-letters", "redrive", "x"],
    ],
)
def test_a_service_that_does_not_exist_is_refused_with_those_that_do(tmp_path: Path, desk: Desk, command: list[str]) -> None:
    answer = run(desk, tmp_path, *command, "--service", "rooting")
    assert answer.exit_code == 2
    assert "choose one of intake, routing" in answer.output
    assert desk.asked == []


def test_an_address_alone_does_not_say_whose_it_is(desk: Desk) -> None:
    answer = CliRunner().invoke(app, ["parked", "list", "--url", desk.url])
    assert answer.exit_code == 2
    assert "--service" in answer.output


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
