"""`backline erase` against intake and documents as they are wired: a preview, the deed, and what was broken off."""

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from typer.testing import CliRunner

from infra.cli import app
from infra.commands import erasing
from infra.stack import SERVICE_TOKEN
from tests.fuzz.driving import Stack
from tests.fuzz.scene import SAMPLE, scene
from tests.fuzz.services import services

pytestmark = [pytest.mark.stack, pytest.mark.timeout(300)]
BODY: dict[str, Any] = json.loads((SAMPLE / "survey.json").read_bytes())
WHO = "Kanari98q0001"


@pytest.fixture(scope="module")
def stack(mongo_uri: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with services(mongo_uri, tmp_path_factory.mktemp("services")) as running:
        scene(running)
        yield running


def backline(stack: Stack, *arguments: str, given: str | None = None) -> tuple[int, str]:
    environment = {"COLUMNS": "200", "BACKLINE_TOKEN": SERVICE_TOKEN, "LANG": "en_GB.UTF-8"}
    places = ["--url", stack.urls["intake"], "--documents-url", stack.urls["documents"]]
    run = CliRunner(env=environment).invoke(app, ["erase", *arguments, *places], input=given)
    return run.exit_code, run.stdout


def submitted(stack: Stack, reference: str, who: str) -> str:
    details = {**BODY["details"], "counterparts": [who]}
    body = {**BODY, "source": {**BODY["source"], "reference": reference}, "details": details}
    answer = httpx.post(f"{stack.urls['intake']}/v1/requests", json=body, headers={"Authorization": f"Bearer {SERVICE_TOKEN}"})
    assert answer.status_code == 202, answer.text
    return str(answer.json()["id"])


def personal(stack: Stack, request: str) -> str:
    url = f"{stack.urls['intake']}/internal/requests/{request}/personal"
    return httpx.get(url, headers={"Authorization": f"Bearer {SERVICE_TOKEN}"}).text


def test_a_person_is_shown_first_and_erased_when_it_is_confirmed(stack: Stack):
    exact, within = submitted(stack, "ERA-1", WHO), submitted(stack, "ERA-2", f"{WHO}, purchasing")
    asked = ("person", "-", "--unit", BODY["business_unit"])
    status, told = backline(stack, *asked, given=f"{WHO}\n")
    assert (status, exact in told, within in told) == (0, True, True), told
    assert "1 to be erased; 1 more" in told
    assert "Nothing was erased yet" in told
    assert WHO in personal(stack, exact)
    status, told = backline(stack, *asked, "--yes", "--as", "op", given=f"{WHO}\n")
    assert (status, "Erased: 1 requests" in told) == (0, True), told
    assert (WHO in personal(stack, exact), WHO in personal(stack, within)) == (False, True)
    status, told = backline(stack, *asked, "--within", "--yes", given=f"{WHO}\n")
    assert (status, WHO in personal(stack, within)) == (0, False), told
    status, told = backline(stack, *asked, "--within", given=f"{WHO}\n")
    assert (status, "0 to be erased; 0 more" in told) == (0, True), told
    assert "No erasure is left unfinished" in backline(stack, "continue")[1]


def test_what_was_broken_off_is_finished(stack: Stack):
    request = submitted(stack, "ERA-3", WHO)
    wish = {"unit": BODY["business_unit"], "requests": [request]}
    headers = {"Authorization": f"Bearer {SERVICE_TOKEN}"}
    httpx.post(f"{stack.urls['intake']}/internal/erasures?by=op", json=wish, headers=headers).raise_for_status()
    assert WHO in personal(stack, request)
    status, told = backline(stack, "continue", "--as", "op")
    assert (status, "Erased: 1 requests" in told) == (0, True), told
    assert WHO not in personal(stack, request)


def test_one_request_is_erased_at_both_services(stack: Stack):
    request = submitted(stack, "ERA-4", WHO)
    status, told = backline(stack, "request", request, "--as", "op")
    assert (status, "Personal values are erased" in told) == (0, True), told
    assert WHO not in personal(stack, request)
    status, told = backline(stack, "request", "nothing-of-the-kind", "--as", "op")
    assert status == 1


def test_more_than_one_body_holds_is_written_down_in_parts(stack: Stack, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(erasing, "AT_ONCE", 1)
    made = [submitted(stack, reference, "Kanari98q0002") for reference in ("ERA-6", "ERA-7")]
    status, told = backline(stack, "person", "Kanari98q0002", "--unit", BODY["business_unit"], "--yes")
    assert (status, told.count("Erased: 1 requests")) == (0, 2), told
    assert all("Kanari98q0002" not in personal(stack, one) for one in made)


def test_one_that_cannot_be_erased_keeps_no_other(stack: Stack):
    request = submitted(stack, "ERA-5", WHO)
    wish = {"unit": BODY["business_unit"], "requests": ["set-aside", request]}
    headers = {"Authorization": f"Bearer {SERVICE_TOKEN}"}
    httpx.post(f"{stack.urls['intake']}/internal/erasures?by=op", json=wish, headers=headers).raise_for_status()
    status, told = backline(stack, "continue", "--as", "op")
    assert (status, "Erased: 1 requests" in told, WHO in personal(stack, request)) == (1, True, False), told
    left = httpx.get(f"{stack.urls['intake']}/internal/erasures", headers=headers).json()["erasures"]
    assert [one["requests"] for one in left] == [["set-aside"]]


def test_one_address_alone_is_wrongly_asked(stack: Stack):
    run = CliRunner(env={"BACKLINE_TOKEN": SERVICE_TOKEN}).invoke(app, ["erase", "request", "x", "--url", stack.urls["intake"]])
    assert run.exit_code == 2
