"""What each part of a score is worth, from its inputs and the weights alone: a choice and its reproduction compute it alike. Pure."""

import hashlib
from collections.abc import Mapping
from functools import lru_cache
from typing import NamedTuple

MICRO = 1_000_000
"""Parts of a score are whole millionths, so that adding them up in any order gives the same sum."""
TIE_BREAK = 1 / MICRO
"""Smaller than any difference a weight can make, so it decides only between equals."""
PRIME = 0x9E3779B97F4A7C15
WORD = (1 << 64) - 1
YES_OR_NO = ("continuity", "industry", "own_unit", "language")
Inputs = Mapping[str, float]
"""`load` and `recent` (effort), `level` (0 to 3), 1 for each of YES_OR_NO that holds, and `absence`, the share of the time until it is
needed for which somebody is away (0 to 1), which is taken off; what is 0 may be left out."""


def parts(inputs: Inputs, weights: Mapping[str, float], half: float) -> dict[str, int]:
    """The parts by name, in millionths; higher is better. Effort given of late counts half at `half`."""
    return {
        "load": worth(weights, "load", 1.0 / (1.0 + inputs.get("load", 0.0))),
        "level": worth(weights, "level", inputs.get("level", 0.0) / 3.0),
        **{name: worth(weights, name, inputs.get(name, 0.0)) for name in YES_OR_NO},
        "fairness": worth(weights, "fairness", half / (half + inputs.get("recent", 0.0))),
        **({"absence": -worth(weights, "absence", inputs["absence"])} if "absence" in inputs else {}),
    }


def worth(weights: Mapping[str, float], name: str, value: float = 1.0) -> int:
    """One part; 0 without a weight."""
    return round(weights.get(name, 0.0) * value * MICRO)


def total(found: Mapping[str, int], tie_break: float, price: float = 0.0) -> float:
    """The sum that ranks; in a batch that was assigned together, after the person's price."""
    return round(sum(found.values()) / MICRO + tie_break - price, 12)


class Scored(NamedTuple):
    """A candidate's score as a record tells it."""

    parts: dict[str, float]
    total: float


def scored(worths: Mapping[str, int], tie_break: float, price: float | None = None) -> Scored:
    """Every part of `worths` by name, the tie-break and, where a batch set one, the price that is taken off; and the sum."""
    told = {name: worth / MICRO for name, worth in worths.items()}
    told["tie_break"] = tie_break
    if price is not None:
        told["price"] = 0.0 - price
    return Scored(parts=told, total=total(worths, tie_break, price or 0.0))


def exact(total: int, tie_break: float) -> int:
    """A sum of parts (in millionths) and its tie-break, as whole millionths of a millionth."""
    return total * MICRO + round(tie_break * MICRO * MICRO)


def price_of(price: int) -> float:
    """A price in whole millionths of a millionth as scores are told."""
    return round(price / (MICRO * MICRO), 12)


def salt(identity: str, role: str) -> int:
    """What sets the tie-breaks of one question apart from those of others."""
    return digest(f"{identity}|{role}")


def tie_break(person: str, salted: int) -> float:
    """A number below TIE_BREAK that follows from request, role and person alone, and favours nobody over many requests."""
    mixed = ((digest(person) ^ salted) * PRIME) & WORD
    mixed = ((mixed ^ (mixed >> 32)) * PRIME) & WORD
    return round((mixed >> 32) / 0x1_0000_0000 * TIE_BREAK, 12)


@lru_cache(maxsize=16_384)
def digest(text: str) -> int:
    """64 bits that any process computes alike."""
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8])
