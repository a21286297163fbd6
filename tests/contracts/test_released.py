"""The stored contract: it is what the models say, and no breaking change of a model goes unseen or gets exported."""

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator
from pydantic import BaseModel

from infra.contract import RELEASED, BrokenContractError, check, contract, export, released
from infra.contract.schemas import SHARED, file_of
from shared.schemas.model import Json
from shared.schemas.registry import MODELS

SENT = "backline.notifications.notification_sent.v1.json"


@pytest.fixture
def stored(tmp_path: Path) -> Path:
    """A copy of the contract as the models say it."""
    folder = tmp_path / "released"
    export(folder)
    return folder


def change(folder: Path, name: str, edit: Callable[[Json], object]) -> None:
    """Change a stored file, as if it had been released differently."""
    content = json.loads((folder / name).read_text(encoding="utf-8"))
    edit(content)
    (folder / name).write_text(json.dumps(content), encoding="utf-8")


def test_the_stored_contract_is_what_the_models_say():
    assert check(RELEASED) == []


def test_every_event_type_and_shared_shape_has_its_file():
    names = {file_of(name) for name in (*MODELS, *SHARED)} | {"asyncapi.json"}
    assert {path.name for path in RELEASED.iterdir()} == names == contract().keys()


@pytest.mark.parametrize("path", sorted(RELEASED.glob("backline.*.json")), ids=lambda path: path.name)
def test_each_file_is_a_json_schema_named_as_dataschema_says(path: Path):
    schema = json.loads(path.read_text(encoding="utf-8"))
    Draft202012Validator.check_schema(schema)
    assert schema["$id"] == f"urn:backline:{path.name.removesuffix('.v1.json')}:1"


def test_exporting_twice_changes_nothing(stored: Path):
    before = {path.name: path.read_bytes() for path in stored.iterdir()}
    assert export(stored) == len(before)
    assert {path.name: path.read_bytes() for path in stored.iterdir()} == before
    assert check(stored) == []


def test_an_empty_folder_is_filled(tmp_path: Path):
    assert len(check(tmp_path)) == export(tmp_path / "new") == len(contract())


def test_a_file_that_was_not_exported_is_stale(stored: Path):
    (stored / SENT).unlink()
    (problem,) = check(stored)
    assert problem.startswith(SENT)
    assert "backline schemas export" in problem


def test_an_added_optional_field_is_stale_and_may_be_exported(stored: Path):
    change(stored, "backline.person.v1.json", lambda schema: schema["properties"].pop("delegate"))
    (problem,) = check(stored)
    assert problem.startswith("backline.person.v1.json: the stored file is not what the models say now")
    export(stored)
    assert check(stored) == []


def test_an_added_required_field_is_broken_and_not_only_stale(stored: Path):
    change(stored, SENT, lambda schema: (schema["properties"].pop("attempt"), schema["required"].remove("attempt")))
    assert [problem.partition(",")[0] for problem in check(stored)] == [f"{SENT}: /attempt is required now"]


def test_a_removed_field_is_named_with_file_path_and_remedy(stored: Path):
    change(stored, SENT, lambda schema: schema["properties"].update(colour={"type": "string"}))
    assert check(stored) == [f"{SENT}: /colour was removed; add an optional field or a new event type instead."]


def test_a_breaking_change_is_not_exported(stored: Path):
    change(stored, SENT, lambda schema: schema["properties"].update(colour={"type": "string"}))
    before = {path.name: path.read_bytes() for path in stored.iterdir()}
    with pytest.raises(BrokenContractError, match="/colour was removed"):
        export(stored)
    assert {path.name: path.read_bytes() for path in stored.iterdir()} == before


def test_a_released_type_cannot_disappear(stored: Path):
    shutil.copy(stored / SENT, stored / "backline.notifications.notification_faxed.v1.json")
    (problem,) = check(stored)
    assert problem.startswith("backline.notifications.notification_faxed.v1.json: it was released")


def test_a_file_that_is_no_json_is_named(stored: Path):
    (stored / SENT).write_text("{", encoding="utf-8")
    assert any(problem.startswith(f"{SENT}: the stored file is no JSON") for problem in check(stored))


def test_a_channel_cannot_disappear(stored: Path):
    change(stored, "asyncapi.json", lambda document: document["channels"].update({"backline.fax.v1": {"messages": {}}}))
    assert any("the channel backline.fax.v1 is gone" in problem for problem in check(stored))


def test_a_message_cannot_leave_its_channel(stored: Path):
    change(
        stored,
        "asyncapi.json",
        lambda document: document["channels"]["backline.people.v1"]["messages"].update({"backline.pet.recorded": {}}),
    )
    assert any("backline.people.v1 no longer carries backline.pet.recorded" in problem for problem in check(stored))


def test_the_partitions_of_a_topic_cannot_change(stored: Path):
    change(
        stored,
        "asyncapi.json",
        lambda document: document["channels"]["backline.requests.v1"]["bindings"]["kafka"].update(partitions=24),
    )
    assert any("had 24 partitions and has 12" in problem for problem in check(stored))


class Before(BaseModel):
    reason: str


class Renamed(BaseModel):
    cause: str


def test_renaming_a_models_field_is_caught_from_model_to_sentence(stored: Path, monkeypatch: pytest.MonkeyPatch):
    (stored / "backline.example.v1.json").write_text(json.dumps(Before.model_json_schema()), encoding="utf-8")
    monkeypatch.setattr(released, "contract", lambda: {**contract(), "backline.example.v1.json": Renamed.model_json_schema()})
    assert [problem.split(";")[0] for problem in check(stored)] == [
        "backline.example.v1.json: /reason was removed",
        "backline.example.v1.json: /cause is required now, and what was said before may lack it",
    ]


@pytest.fixture
def arguments(stored: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The command, working on a copy."""
    monkeypatch.setattr("infra.contract.__main__.RELEASED", stored)
    return stored


def test_the_command_exits_with_0_when_the_contract_stands(arguments: Path):
    from infra.contract.__main__ import main

    assert main(["check"]) == main(["export"]) == 0


def test_the_command_exits_with_1_and_the_reasons_when_it_is_broken(arguments: Path, capsys: pytest.CaptureFixture[str]):
    from infra.contract.__main__ import main

    change(arguments, SENT, lambda schema: schema["properties"].update(colour={"type": "string"}))
    assert main(["check"]) == main(["export"]) == 1
    assert capsys.readouterr().err.count("/colour was removed") == 2
