"""What the policy says of reviews: per type the steps in order, and who is asked in each under which conditions. Pure."""

import math
import sys
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from shared.schemas.model import Json, Text
from shared.schemas.reviews import Rule


class Strict(BaseModel):
    """An unknown key is an error, so that a misspelt condition is not lost."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class PartyRule(Strict):
    """A place of the matrix that is asked: from `from` on, below `below` (both of the amount), for `only` these details."""

    role: str
    department: str | None = None
    at_least: float | None = Field(default=None, alias="from", ge=0)
    below: float | None = Field(default=None, gt=0)
    only: dict[str, Any] = {}
    concerns: tuple[str, ...] = Field(default=(), description="fields and clauses its opinion rests on; none: all")

    def applies(self, amount: float, details: Json) -> bool:
        """Whether it is asked about a request of `amount` with `details`."""
        if self.at_least is not None and amount < self.at_least:
            return False
        if self.below is not None and amount >= self.below:
            return False
        return all(_is(details.get(key), value) for key, value in self.only.items())


class StepRule(Strict):
    """Who is asked together. A step of which nobody applies is left out."""

    key: str
    name: Text
    rule: Rule
    parties: tuple[PartyRule, ...] = Field(min_length=1)


class Amount(Strict):
    """Where a type's amount stands: in one field, or as the sum of `product` over the lines of a field."""

    field: str
    product: tuple[str, ...] = ()

    def of(self, details: Json) -> float:
        """The amount; 0 where there is none."""
        value = details.get(self.field)
        if not self.product:
            return _number(value)
        lines = value if isinstance(value, list) else []
        return round(sum(self._line(line) for line in lines if isinstance(line, dict)), 2)

    def readable(self, details: Json) -> bool:
        """Whether what the amount is made of is numbers throughout, none below 0, and so is what they come to."""
        value = details.get(self.field)
        lines = [{self.field: value}] if not self.product else value if isinstance(value, list) else [None]
        columns = self.product or (self.field,)
        read = all(isinstance(line, dict) and all(_is_amount(line.get(column)) for column in columns) for line in lines)
        return read and math.isfinite(self.of(details))

    def _line(self, line: Json) -> float:
        result = 1.0
        for column in self.product:
            result *= _number(line.get(column))
        return result


class ChainRule(Strict):
    """The chain of one type."""

    amount: Amount
    steps: tuple[StepRule, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _each_once(self) -> Self:
        keys = [step.key for step in self.steps]
        places = [(party.role, party.department) for step in self.steps for party in step.parties]
        if len(set(keys)) < len(keys) or len(set(places)) < len(places):
            raise ValueError("each step, and each role and department, stands once in a chain")
        return self


def _is(value: object, wanted: object) -> bool:
    """Whether a choice, or one of several, is the wanted one."""
    return wanted in value if isinstance(value, list) else value == wanted


def _number(value: object) -> float:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else 0.0


def _is_amount(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= sys.float_info.max
