"""The clock: real unless development shifts it, and a wrong setting is refused by name."""

import time
from datetime import UTC, datetime, timedelta

import pytest

from shared.telemetry.clock import ClockError, clock_from

A_SECOND = timedelta(seconds=1)


def test_without_a_setting_it_is_the_system_clock():
    for environment in ("production", "development"):
        assert abs(clock_from(None, environment).now() - datetime.now(UTC)) < A_SECOND


def test_an_empty_setting_is_no_setting():
    assert abs(clock_from("", "production").now() - datetime.now(UTC)) < A_SECOND


def test_a_time_alone_means_now():
    told = clock_from("2027-03-01T09:00:00+08:00", "development").now()
    assert abs(told - datetime(2027, 3, 1, 1, tzinfo=UTC)) < A_SECOND


def test_a_time_at_an_epoch_runs_on_from_there():
    an_hour_ago = time.time() - 3600
    told = clock_from(f"2027-03-01T09:00:00+08:00@{an_hour_ago}", "development").now()
    assert abs(told - datetime(2027, 3, 1, 2, tzinfo=UTC)) < A_SECOND


def test_two_processes_with_the_same_setting_agree():
    setting = "2027-03-01T09:00:00+08:00@1790000000"
    assert abs(clock_from(setting, "development").now() - clock_from(setting, "development").now()) < A_SECOND


def test_the_answer_is_aware_and_in_utc():
    assert clock_from("2027-03-01T09:00:00+08:00", "development").now().utcoffset() == timedelta()


def test_it_runs_at_real_speed():
    clock = clock_from("2027-03-01T09:00:00+08:00", "development")
    first, started = clock.now(), time.monotonic()
    passed = (clock.now() - first).total_seconds()
    assert 0 <= passed <= time.monotonic() - started + 0.01


def test_a_shift_is_refused_outside_development():
    with pytest.raises(ClockError, match="for development only"):
        clock_from("2027-03-01T09:00:00+08:00", "production")


@pytest.mark.parametrize("setting", ["2027-03-01T09:00:00", "2027-03-01"])
def test_a_time_without_offset_is_refused(setting: str):
    with pytest.raises(ClockError, match="no offset"):
        clock_from(setting, "development")


@pytest.mark.parametrize(
    "setting", ["soon", "2027-03-01T09:00:00+08:00@", "2027-03-01T09:00:00+08:00@noon", "@5", "2027-03-01T09:00:00+08:00@nan"]
)
def test_a_malformed_setting_is_refused_with_the_form_to_write(setting: str):
    with pytest.raises(ClockError, match="ISO 8601"):
        clock_from(setting, "development")


def test_a_time_the_calendar_cannot_reach_is_refused():
    with pytest.raises(ClockError, match="9999"):
        clock_from("9999-12-31T23:59:59+00:00@0", "development")
