"""The metric vocabulary: one name for one thing, labels from enumerations, a meaning each."""

import re
from collections.abc import Iterator

import pytest
from prometheus_client import Counter, Gauge, Histogram
from prometheus_client.metrics import MetricWrapperBase

from shared.telemetry import build, metrics

UNITS = ("_total", "_seconds", "_records", "_info", "_events", "_requests", "_waiting", "_leased")


def vocabulary() -> Iterator[tuple[str, MetricWrapperBase]]:
    for constant, value in sorted(vars(metrics).items()):
        if isinstance(value, MetricWrapperBase):
            name = value.describe()[0].name + ("_total" if isinstance(value, Counter) else "")
            yield name, value
            assert constant.isupper()


NAMES = dict(vocabulary())


@pytest.mark.parametrize("name", NAMES)
def test_a_name_says_subject_and_unit(name: str):
    assert re.fullmatch(r"backline_[a-z]+(_[a-z]+)*", name)
    assert name.endswith(UNITS)


@pytest.mark.parametrize("name", NAMES)
def test_every_metric_has_a_meaning_of_one_line(name: str):
    meaning = NAMES[name].describe()[0].documentation
    assert len(meaning) > 15
    assert "\n" not in meaning


@pytest.mark.parametrize("name", NAMES)
def test_every_label_is_a_declared_enumeration(name: str):
    assert set(NAMES[name]._labelnames) <= metrics.LABELS.keys()


def test_every_declared_enumeration_is_used():
    assert {label for metric in NAMES.values() for label in metric._labelnames} == metrics.LABELS.keys()


def test_no_label_can_hold_an_id_or_a_person():
    assert not metrics.LABELS.keys() & {"request", "request_id", "subject", "person", "unit", "id", "path", "recipient"}


@pytest.mark.parametrize(
    ("name", "kind", "labels"),
    [
        ("backline_events_applied_total", Counter, ("service", "source")),
        ("backline_commands_total", Counter, ("service", "name", "outcome")),
        ("backline_consumer_lag_records", Gauge, ("service", "topic")),
        ("backline_oldest_unprocessed_seconds", Gauge, ("service",)),
        ("backline_early_events", Gauge, ("service",)),
        ("backline_parked_requests", Gauge, ("service",)),
        ("backline_parked_total", Counter, ("service", "reason")),
        ("backline_items_total", Counter, ("service", "kind", "end")),
        ("backline_deliveries_total", Counter, ("channel", "outcome")),
        ("backline_render_seconds", Histogram, ("kind",)),
        ("backline_verdicts_total", Counter, ("outcome", "channel")),
        ("backline_requests_waiting", Gauge, ()),
        ("backline_assignment_total", Counter, ("step", "outcome")),
        ("backline_http_requests_total", Counter, ("service", "method", "route", "status")),
        ("backline_build_info", Gauge, ("service", "version", "crc32c")),
    ],
)
def test_dashboards_find_what_they_ask_for(name: str, kind: type[MetricWrapperBase], labels: tuple[str, ...]):
    assert isinstance(NAMES[name], kind)
    assert NAMES[name]._labelnames == labels


def test_the_build_says_release_and_checksums():
    build.announce("routing")
    assert metrics.BUILD.labels("routing", build.release(), build.checksums())._value.get() == 1
    assert build.checksums() in {"compiled", "python"}


def test_slow_checksums_are_refused_outside_development(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(build, "checksums", lambda: "python")
    build.ensure_fast("development")
    with pytest.raises(build.SlowChecksumsError, match="CRC-32C"):
        build.ensure_fast("production")
