"""How the tests are spread over workers: what is said of a file is said of one that exists, and one worker alone starts Kafka."""

from pathlib import Path

import pytest

from tests.workers import APART, BESIDE_KAFKA, KAFKA, LONG, turn_of, unit_of, workers_for

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("file", [*APART, *BESIDE_KAFKA, *(unit for unit in LONG if unit != KAFKA)])
def test_a_file_that_is_named_exists(file: str) -> None:
    assert (ROOT / file).is_file()


@pytest.mark.parametrize(
    ("test", "unit"),
    [
        ("tests/a/test_b.py::test_c", "tests/a/test_b.py"),
        ("tests/a/test_b.py::TestD::test_c[embedded]", "tests/a/test_b.py"),
        ("tests/a/test_b.py::test_c[kafka]", KAFKA),
        ("tests/a/test_b.py::test_c[x-kafka-y]", KAFKA),
        ("tests/a/test_b.py::test_kafka[kafkaesque]", "tests/a/test_b.py"),
        (f"{BESIDE_KAFKA[0]}::test_c[embedded]", KAFKA),
        (f"{APART[0]}::test_c[1]", f"{APART[0]}::test_c[1]"),
    ],
    ids=["a test", "a method", "tried on both", "with more parameters", "of a like name", "beside it", "apart"],
)
def test_a_test_goes_to_a_worker_with_its_file_or_with_kafka_or_alone(test: str, unit: str) -> None:
    assert unit_of(test) == unit


def test_long_units_are_handed_out_first_and_all_others_as_they_stand() -> None:
    tests = [
        "tests/a/test_b.py::test_c",
        f"{APART[0]}::test_d",
        f"{LONG[1]}::test_e",
        "tests/a/test_b.py::test_f[kafka]",
        "x.py::y",
    ]
    assert sorted(tests, key=turn_of) == [tests[3], tests[2], tests[1], tests[0], tests[4]]


@pytest.mark.parametrize(
    ("arguments", "distributed"), [(["tests"], True), (["tests/conftest.py"], False), (["tests/x.py::y"], False)]
)
def test_files_and_tests_named_one_by_one_need_no_workers(
    pytestconfig: pytest.Config, monkeypatch: pytest.MonkeyPatch, arguments: list[str], *, distributed: bool
) -> None:
    monkeypatch.chdir(ROOT)
    monkeypatch.setattr(pytestconfig, "args", arguments)
    assert (workers_for(pytestconfig) > 1) == distributed
