"""Reads routing's own policy from data; a table with a fault is refused whole, before the first message."""

from pathlib import Path

import yaml
from pydantic import ValidationError

from services.routing.domain.hours import Calendar
from services.routing.domain.policy import RoutingPolicy
from shared.calendar import read_almanac
from shared.calendar.almanac import CHINA

SHIPPED = Path(__file__).parent / "policy.yaml"


def load_calendar(policy: RoutingPolicy, holidays: Path = CHINA) -> Calendar:
    """The working time of everybody. Raises AlmanacError."""
    return Calendar(almanac=read_almanac(holidays), week=policy.week)


class PolicyError(Exception):
    """The table cannot be used; the message names the place and the remedy."""


def load_policy(file: Path = SHIPPED) -> RoutingPolicy:
    """The table in `file`. Raises PolicyError."""
    try:
        return RoutingPolicy.model_validate(yaml.safe_load(file.read_text(encoding="utf-8")))
    except (OSError, yaml.YAMLError, ValidationError) as error:
        raise PolicyError(f"{file.name} cannot be used: {error}") from error
