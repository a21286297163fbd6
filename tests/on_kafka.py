"""Whether this machine can try things on Apache Kafka; if not, every run says so, loudly and once."""

from functools import cache
from pathlib import Path

from infra.embedded import ProgramError
from infra.kafka import fetch, lacking

JARS = Path(__file__).resolve().parents[1] / "var" / "kafka" / "jars"
UNTRIED = "NOTHING WAS TRIED ON APACHE KAFKA"


@cache
def hindrance() -> str | None:
    """Why Kafka cannot run here, or None; its jars are in JARS then."""
    if why := lacking():
        return why
    try:
        fetch(JARS)
    except ProgramError as error:
        return str(error)
    return None
