"""What the benchmark says: percentiles, the result and its last line, and what of it misses the targets. Pure."""

import math
import statistics
from collections.abc import Iterable, Sequence

import orjson

from shared.schemas.model import Json
from tests.bench import targets

BROKERS = ("embedded", "kafka")


def percentile(values: Iterable[float], percent: float) -> float:
    """The smallest of `values` that at least `percent` of them do not exceed (nearest rank). Raises ValueError for none."""
    ordered = sorted(values)
    if not ordered:
        raise ValueError("There is no percentile of no values.")
    return ordered[max(0, math.ceil(percent / 100 * len(ordered)) - 1)]


def median(values: Iterable[float]) -> float:
    """The median of at least one value."""
    return float(statistics.median(values))


def spread(values: Sequence[float]) -> float:
    """How far the farthest of `values` is from their median, as a part of it: whether a median can be trusted."""
    middle = median(values)
    return max(abs(value - middle) for value in values) / middle


def smaller_ratio(result: Json) -> float | None:
    """The smaller of the brokers' ratios."""
    ratios = [result[broker]["ratio"] for broker in BROKERS if result.get(broker)]
    return min(ratios, default=None)


def last_line(result: Json) -> str:
    """The result as one line of JSON, figures rounded to four significant digits."""
    return orjson.dumps(_rounded(result)).decode()


def missed(result: Json) -> list[str]:
    """A sentence for each target that `result` misses. What was not measured is missed, Apache Kafka apart."""
    found = [f"{broker}: {sentence}" for broker in BROKERS if result.get(broker) for sentence in _of_a_broker(result[broker])]
    if not any(result.get(broker) for broker in BROKERS):
        found.append("no broker was measured")
    found += _unless(result.get("documents_ratio"), "documents_ratio", least=targets.DOCUMENTS_RATIO)
    found += _unless(result.get("mails_ratio"), "mails_ratio", least=targets.MAILS_RATIO)
    for service, used in (result.get("idle_mb") or {"any service": None}).items():
        found += _unless(used, f"idle memory of {service}", most=targets.IDLE_MB)
    found += _ceilings(result)
    return found + (missed_by_growth(result["growth"]) if result.get("growth") is not None else [])


def missed_by_growth(found: Json) -> list[str]:
    """A sentence for each target of `growth` that is missed."""
    return [
        *_unless(
            found.get("requests_ratio"), "rate with the most requests beside that with the fewest", least=targets.REQUESTS_RATIO
        ),
        *_unless(found.get("people_ratio"), "routing with 5,000 people beside 50", least=targets.PEOPLE_RATIO),
    ]


def _of_a_broker(figures: Json) -> list[str]:
    return [
        *_unless(figures.get("ratio"), "ratio", least=targets.RATIO),
        *_unless(figures.get("end_to_end_per_second"), "end_to_end_per_second", least=targets.PER_SECOND),
        *_unless(figures.get("cpu_seconds_per_request"), "cpu_seconds_per_request", most=targets.CPU_SECONDS),
        *_unless(figures.get("p99_ms"), "p99_ms", most=targets.P99_MS),
        *_unless(figures.get("outage_refused"), "requests refused in an outage", most=0),
        *_unless(figures.get("outage_p99_ms"), "outage_p99_ms", most=targets.OUTAGE_P99_MS),
        *_unless(figures.get("outage_drain_ratio"), "outage_drain_ratio", least=targets.OUTAGE_DRAIN_RATIO),
    ]


def _ceilings(result: Json) -> list[str]:
    """A generator or a sink that is itself near its limit would be what was measured."""
    ceilings = result.get("ceilings") or {}
    brokers = [result[broker] for broker in BROKERS if result.get(broker)]
    mails = max((one["end_to_end_per_second"] * one["mails_per_request"] for one in brokers), default=0.0)
    answers = max((one["accepted_per_second"] for one in brokers), default=0.0)
    sink, load = ceilings.get("sink_mails_per_second"), ceilings.get("load_requests_per_second")
    return [
        *_unless(sink, "the sink's rate", least=targets.HEADROOM * mails),
        *_unless(load, "the load generator's rate", least=targets.HEADROOM * answers),
    ]


def _unless(value: float | None, name: str, *, least: float | None = None, most: float | None = None) -> list[str]:
    if value is None:
        return [f"{name} was not measured"]
    if least is not None and value < least:
        return [f"{name} is {value:.4g} and should be at least {least:g}"]
    if most is not None and value > most:
        return [f"{name} is {value:.4g} and should be at most {most:g}"]
    return []


def _rounded(value: object) -> object:
    match value:
        case float():
            return float(f"{value:.4g}")
        case dict():
            return {key: _rounded(inner) for key, inner in value.items()}
        case list():
            return [_rounded(inner) for inner in value]
        case _:
            return value
