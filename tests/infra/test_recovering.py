"""`backline parked`, `redrive` and `dead-letters`: what they ask, show and answer to the shell."""

import base64
import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from typer.testing import CliRunner

from infra.cli import app
from infra.commands import redrive
from tests.infra.operator_desk import Desk, folder_of, open_desk

WIDE = {"COLUMNS": "200"}
REDRIVE = "POST /internal/parked:redrive?by=A1"


@pytest.fixture
def desk(monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    monkeypatch.setenv("COLUMNS", "200")
    with open_desk() as opened:
        yield opened


def run(desk: Desk, folder: Path, *arguments: str) -> Result:
    return CliRunner(env=WIDE).invoke(app, [*arguments, "--folder", str(folder_of(desk, folder))])


def page(*names: str, total: int | None = None, following: str | None = None) -> dict[str, Any]:
    """A page of what is set aside."""
    rows = [{"name": name, "ledger": "requests", "why": f"[poison] {name}"} for name in names]
    return {"rows": rows, "next": following, "total": len(names) if total is None else total}


def tried(**left: str) -> Callable[[bytes], bytes]:
    """What a service says to a redrive: all go on but those that are `left`, and "nobody", which it does not know."""

    def answer(body: bytes) -> bytes:
        names = [name for name in json.loads(body)["names"] if name != "nobody"]
        unknown = ["nobody"] if b'"nobody"' in body else []
        done = [name for name in names if name not in left]
        return json.dumps(
            {"done": done, "left": [{"name": n, "why": left[n]} for n in names if n in left], "unknown": unknown}
        ).encode()

    return answer


def names_in(desk: Desk) -> list[list[str]]:
    """The names of each redrive that was asked for."""
    return [json.loads(asked.body)["names"] for asked in desk.asked if asked.method == "POST"]


def test_parked_requests_are_listed_with_the_reason_page_after_page(tmp_path: Path, desk: Desk) -> None:
    desk.answer("GET /internal/parked?reason=pois", (200, page("request-1", total=2, following="request-1")))
    desk.answer("GET /internal/parked?reason=pois&cursor=request-1", (200, page("request-2", total=2)))
    answer = run(desk, tmp_path, "parked", "list", "--service", "routing", "--reason", "pois")
    assert answer.exit_code == 0, answer.output
    assert "[poison] request-1" in answer.output
    assert "[poison] request-2" in answer.output


def test_a_long_list_is_cut_and_says_how_many_there_are_more(tmp_path: Path, desk: Desk) -> None:
    desk.answer("GET /internal/parked", (200, page("r1", "r2", "r3", total=90, following="r3")))
    answer = run(desk, tmp_path, "parked", "list", "--service", "routing", "--most", "2")
    assert "and 88 more" in answer.output
    assert len(desk.asked) == 1


def test_nothing_parked_and_no_dead_letters_are_said_in_words(tmp_path: Path, desk: Desk) -> None:
    desk.answer("GET /internal/parked", (200, page()))
    desk.answer("GET /internal/dead-letters", (200, page()))
    assert "Nothing is set aside." in run(desk, tmp_path, "parked", "list").output
    assert "There are no dead letters." in run(desk, tmp_path, "dead-letters", "list").output


def test_a_parked_request_is_shown_where_it_is_parked(tmp_path: Path, desk: Desk) -> None:
    held = {"source": "intake", "sequence": 3, "offset": 17}
    desk.answer("GET /internal/parked/r1", (404, {"detail": "no"}), (200, {"name": "r1", "why": "[fork]", "held": [held]}))
    answer = run(desk, tmp_path, "parked", "show", "r1")
    assert answer.exit_code == 0, answer.output
    assert "[fork]" in answer.output
    assert "source intake, sequence 3, offset 17" in answer.output


def test_showing_what_no_service_has_fails(tmp_path: Path, desk: Desk) -> None:
    answer = run(desk, tmp_path, "parked", "show", "r1")
    assert answer.exit_code == 1
    assert "r1 is in none of the services that were asked." in answer.output


def test_a_name_cannot_lead_to_another_address(tmp_path: Path, desk: Desk) -> None:
    run(desk, tmp_path, "parked", "show", "../replay?x=", "--service", "routing")
    assert [asked.path for asked in desk.asked] == ["/internal/parked/..%2Freplay%3Fx%3D"]


def test_redrive_says_that_the_request_goes_on(tmp_path: Path, desk: Desk) -> None:
    desk.answer(REDRIVE, (200, tried()))
    answer = run(desk, tmp_path, "redrive", "request-1", "--service", "routing", "--as", "A1")
    assert answer.exit_code == 0, answer.output
    assert "request-1 goes on in routing." in answer.output
    assert "1 done, 0 left, 0 unknown." in answer.output


def test_redrive_fails_with_the_reason_when_a_request_stays_parked(tmp_path: Path, desk: Desk) -> None:
    desk.answer(REDRIVE, (200, tried(r2="[poison] still")))
    answer = run(desk, tmp_path, "redrive", "r1", "r2", "--service", "routing", "--as", "A1")
    assert answer.exit_code == 1
    assert "[poison] still" in answer.output
    assert "1 done, 1 left, 0 unknown." in answer.output


def test_what_nobody_knows_is_not_said_to_be_tried(tmp_path: Path, desk: Desk) -> None:
    desk.answer(REDRIVE, (200, tried()))
    answer = run(desk, tmp_path, "redrive", "nobody", "--service", "routing", "--as", "A1")
    assert "tries again" not in answer.output
    assert "0 done, 0 left, 1 unknown." in answer.output


def test_redrive_of_what_nobody_knows_fails_and_names_it(tmp_path: Path, desk: Desk) -> None:
    desk.answer(REDRIVE, (200, tried()))
    answer = run(desk, tmp_path, "redrive", "r1", "nobody", "--as", "A1")
    assert answer.exit_code == 1
    assert "nobody is known to none of the services" in answer.output


def test_redrive_of_all_goes_through_the_pages_in_batches(tmp_path: Path, desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(redrive, "BATCH", 2)
    desk.answer("GET /internal/parked", (200, page("r1", "r2", "r3", total=4, following="r3")))
    desk.answer("GET /internal/parked?cursor=r3", (200, page("r4", total=1)))
    desk.answer(REDRIVE, (200, tried()))
    answer = run(desk, tmp_path, "redrive", "--all", "--service", "routing", "--as", "A1")
    assert answer.exit_code == 0, answer.output
    assert names_in(desk) == [["r1", "r2"], ["r3", "r4"]]
    assert answer.stderr == "routing tries again: 2 of 4\nrouting tries again: 4 of 4\n"


def test_redrive_by_reason_asks_for_those_alone(tmp_path: Path, desk: Desk) -> None:
    desk.answer("GET /internal/parked?reason=fork", (200, page("r1")))
    desk.answer(REDRIVE, (200, tried()))
    assert run(desk, tmp_path, "redrive", "--reason", "fork", "--service", "routing", "--as", "A1").exit_code == 0
    assert names_in(desk) == [["r1"]]


@pytest.mark.parametrize("which", [[], ["r1", "--all"], ["--all", "--reason", "x"]])
def test_redrive_wants_to_know_which_in_exactly_one_way(tmp_path: Path, desk: Desk, which: list[str]) -> None:
    answer = run(desk, tmp_path, "redrive", *which)
    assert answer.exit_code == 2
    assert "name them, or give --all, or --reason TEXT" in answer.output
    assert desk.asked == []


@pytest.mark.parametrize("kind", ["parked", "dead-letters"])
def test_a_dry_run_lists_what_would_be_tried_and_asks_for_nothing_else(tmp_path: Path, desk: Desk, kind: str) -> None:
    desk.answer(f"GET /internal/{kind}", (200, page("r1", "r2")))
    desk.answer(f"GET /internal/{kind}/r2", (200, {"name": "r2", "why": "x"}))
    command = ["redrive"] if kind == "parked" else ["dead-letters", "redrive"]
    answer = run(desk, tmp_path, *command, "--all", "--dry-run", "--service", "routing")
    assert answer.exit_code == 0, answer.output
    assert "r1 would be tried again in routing." in answer.output
    answer = run(desk, tmp_path, *command, "r2", "r3", "--dry-run", "--service", "routing")
    assert (answer.exit_code, "r3 is known to none" in answer.output) == (1, True)
    assert names_in(desk) == []


def test_a_rate_bounds_how_fast_it_goes(tmp_path: Path, desk: Desk) -> None:
    desk.answer(REDRIVE, (200, tried()))
    started = time.monotonic()
    answer = run(desk, tmp_path, "redrive", "r1", "r2", "r3", "--rate", "10/s", "--service", "routing", "--as", "A1")
    assert answer.exit_code == 0, answer.output
    assert time.monotonic() - started >= 0.3


@pytest.mark.parametrize("rate", ["0", "-1", "fast", "inf", "nan"])
def test_a_rate_that_makes_no_sense_is_refused(tmp_path: Path, desk: Desk, rate: str) -> None:
    answer = run(desk, tmp_path, "redrive", "r1", f"--rate={rate}")
    assert answer.exit_code == 2
    assert "--rate says" in answer.output


def letter(name: str) -> dict[str, Any]:
    """A dead letter as it is shown."""
    record = {
        "key": None,
        "headers": [["ce_subject", None], ["action", "c3VibWl0"]],
        "value": base64.b64encode(b"{broken").decode(),
    }
    return {"name": name, "why": "no subject", "at": "2027-03-01T09:00:00Z", "bytes": 7, "redriven_at": None, "record": record}


def test_dead_letters_are_listed_and_those_redriven_only_when_asked_for(tmp_path: Path, desk: Desk) -> None:
    rows = {"rows": [letter("topic|0|17")], "next": None, "total": 1}
    desk.answer("GET /internal/dead-letters?redriven=true", (200, rows))
    answer = run(desk, tmp_path, "dead-letters", "list", "--redriven", "--service", "intake")
    assert "topic|0|17" in answer.output
    assert "no subject" in answer.output


def test_a_dead_letter_is_shown_with_its_headers_and_its_content_goes_to_a_file_alone(tmp_path: Path, desk: Desk) -> None:
    desk.answer("GET /internal/dead-letters/topic%7C0%7C17", (200, letter("topic|0|17")))
    file = tmp_path / "content"
    answer = run(desk, tmp_path, "dead-letters", "show", "topic|0|17", "--service", "intake", "--save", str(file))
    assert answer.exit_code == 0, answer.output
    assert "submit" in answer.output
    assert "broken" not in answer.output
    assert file.read_bytes() == b"{broken"


def test_redriving_dead_letters_tells_which_cannot_be_applied_still(tmp_path: Path, desk: Desk) -> None:
    desk.answer("POST /internal/dead-letters:redrive?by=A1", (200, tried(b="no subject")))
    answer = run(desk, tmp_path, "dead-letters", "redrive", "a", "b", "--service", "intake", "--as", "A1")
    assert answer.exit_code == 1
    assert "a goes on in intake." in answer.output
    assert "no subject" in answer.output
