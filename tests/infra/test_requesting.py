"""Single requests from the command line: what is shown, in both languages, and how each command ends."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from infra.cli import app
from infra.stack import SERVICE_TOKEN
from shared.client import Client
from tests.fuzz.scene import SAMPLE, scene
from tests.fuzz.services import services

pytestmark = [pytest.mark.stack, pytest.mark.timeout(300)]
BODY: dict[str, Any] = json.loads((SAMPLE / "survey.json").read_bytes())


@pytest.fixture(scope="module")
def intake(mongo_uri: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Its address; one request is there already."""
    with services(mongo_uri, tmp_path_factory.mktemp("services")) as running:
        scene(running)
        yield running.urls["intake"]


def backline(intake: str, *arguments: str, sent: Any = None) -> tuple[int, str]:
    environment = {"COLUMNS": "200", "BACKLINE_TOKEN": SERVICE_TOKEN, "LANG": "en_GB.UTF-8"}
    given = None if sent is None else json.dumps(sent)
    run = CliRunner(env=environment).invoke(app, [*arguments, "--url", intake], input=given)
    return run.exit_code, run.output


def a_request(reference: str, **changes: Any) -> dict[str, Any]:
    return {**BODY, "source": {**BODY["source"], "reference": reference}, **changes}


def number_of(intake: str, reference: str) -> str:
    status, told = backline(intake, "submit", "-", "--json", sent=a_request(reference))
    assert status == 0, told
    return str(json.loads(told)["number"])


def test_a_request_is_submitted_from_a_file_and_shown_by_its_number(intake: str):
    status, told = backline(intake, "submit", str(SAMPLE / "survey.json"))
    assert (status, "accepted · the same as before" in told) == (0, True), told
    number = told.split()[0]
    status, told = backline(intake, "status", number, "--locale", "zh")
    assert (status, "已受理" in told, "intake" in told) == (0, True, True), told
    status, told = backline(intake, "status", number, "--json")
    assert (status, json.loads(told)["number"]) == (0, number)


def test_what_is_lacking_is_listed_and_the_exit_status_says_so(intake: str):
    status, told = backline(intake, "submit", "-", sent=a_request("CLI-1", details={}))
    assert (status, "returned" in told, "details." in told) == (3, True, True), told


def test_a_refusal_names_its_code_and_what_is_not_there_is_told_in_the_callers_language(intake: str):
    status, told = backline(intake, "submit", "-", sent={"type": "tech.survey"})
    assert (status, "422 no_identity" in told) == (1, True), told
    status, told = backline(intake, "status", "BL-00000000", "--locale", "zh")
    assert (status, "没有编号为 BL-00000000 的申请" in told) == (1, True), told


@pytest.mark.parametrize("sent", [[1], "text"])
def test_anything_but_an_object_is_wrongly_asked(intake: str, sent: Any):
    assert backline(intake, "submit", "-", sent=sent)[0] == 2
    assert backline(intake, "submit", "/no/such/file")[0] == 2


def test_an_amendment_and_a_withdrawal_wait_for_routing_and_a_key_may_be_given(intake: str):
    number = number_of(intake, "CLI-2")
    for _ in range(2):
        status, told = backline(intake, "amend", number, "-", "--key", "cli-amend", sent={"priority": "low"})
        assert (status, "amendment yet to be confirmed" in told) == (0, True), told
    status, told = backline(intake, "amend", number, "-", "--key", "cli-amend", sent={"priority": "high"})
    assert (status, "idempotency_key_reused" in told) == (1, True), told
    status, told = backline(intake, "withdraw", number, "--reason", "no longer needed")
    assert (status, "withdrawal yet to be confirmed" in told) == (0, True), told


def test_a_stored_file_is_named_in_the_request(intake: str, tmp_path: Path):
    file = tmp_path / "要求.txt"
    file.write_text("接口清单", encoding="utf-8")
    status, told = backline(intake, "submit", "-", "--attach", str(file), sent=a_request("CLI-3"))
    assert status == 0, told
    with Client({"intake": intake}, SERVICE_TOKEN) as client:
        (kept,) = client.find(told.split()[0]).request.attachments
    assert (kept.name, kept.size) == ("要求.txt", len(file.read_bytes()))


def test_watching_shows_each_thing_said_until_the_request_has_ended(intake: str):
    number = json.loads(backline(intake, "submit", "-", "--json", sent=a_request("CLI-4", details={}))[1])["number"]
    assert backline(intake, "withdraw", number, "--reason", "a mistake")[0] == 0
    status, told = backline(intake, "watch", number)
    assert (status, len(told.splitlines()), "dropped" in told or "withdrawn" in told) == (0, 2, True), told


def test_watching_is_ended_cleanly_by_ctrl_c(intake: str, monkeypatch: pytest.MonkeyPatch):
    number = number_of(intake, "CLI-5")

    def interrupted(*_: object, **__: object) -> Any:
        raise KeyboardInterrupt

    monkeypatch.setattr(Client, "watch", interrupted)
    assert backline(intake, "watch", number)[0] == 0


def test_a_file_is_fed_and_fed_again_with_the_same_verdicts(intake: str, tmp_path: Path):
    file = tmp_path / "requests.jsonl"
    lines = [json.dumps(a_request("CLI-F1")), "", json.dumps(a_request("CLI-F2", details={})), "no json"]
    file.write_text("\n".join(lines), encoding="utf-8")
    rows: list[list[dict[str, Any]]] = []
    for _ in range(2):
        status, told = backline(intake, "import", str(file), "--unit", "east")
        assert status == 1, told
        rows.append([json.loads(line) for line in file.with_suffix(".verdicts.jsonl").read_bytes().splitlines()])
    first, second = rows
    assert [(row["line"], row["outcome"]) for row in first] == [(1, "accepted"), (3, "returned"), (4, "refused")]
    assert first == second
    assert first[2]["problem"]["code"] == "not_json"
