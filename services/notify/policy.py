"""The table of who is told what, read from data; a table with a fault is refused whole, before the first message."""

from pathlib import Path
from typing import Final, Literal, Self

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError, field_validator

from services.notify.asking import Acting
from shared.schemas.registry import MODELS

RecipientKind = Literal[
    "requester", "coordinator", "supporters", "former", "asked", "stand_in", "unit_leader", "unit_room", "subscribers"
]  # fmt: skip
MACHINES: Final = "subscribers"
SHIPPED = Path(__file__).parent / "policy.yaml"


class PolicyError(Exception):
    """The table cannot be used; the message names the place and the remedy."""


class Row(BaseModel):
    """What one event type makes. Each entry of `to` is the alternatives of which the first that yields anybody is told.

    Who did it is told only where `actor` says so: where the event answers a wish of theirs.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    template: str
    to: tuple[tuple[RecipientKind, ...], ...]
    actor: bool = False

    @field_validator("to", mode="before")
    @classmethod
    def _alternatives(cls, value: object) -> object:
        return [entry if isinstance(entry, list) else [entry] for entry in value] if isinstance(value, list) else value

    def for_people(self) -> Self:
        """The row without subscribers."""
        return self._only([tuple(kind for kind in entry if kind != MACHINES) for entry in self.to])

    def for_machines(self) -> Self:
        """The row with subscribers alone."""
        return self._only([tuple(kind for kind in entry if kind == MACHINES) for entry in self.to])

    def _only(self, entries: list[tuple[RecipientKind, ...]]) -> Self:
        return self.model_copy(update={"to": tuple(entry for entry in entries if entry)})


class NotifyPolicy(BaseModel):
    """The whole table. `deadline` lists the dotted paths of a request that may say until when it is wanted; `acting`, who is asked
    what, and so gets a link to answer by.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    deadline: tuple[str, ...]
    events: dict[str, Row]
    seasons: dict[str, str] = {}
    """The template of each event of a season: whom it concerns stands in the event."""
    acting: Acting = Acting()

    @field_validator("events", "seasons")
    @classmethod
    def _known(cls, events: dict[str, Row | str]) -> dict[str, Row | str]:
        if unknown := sorted(events.keys() - MODELS.keys()):
            raise ValueError(f"no service says {', '.join(unknown)}; use the names of the contract")
        return events


def load_policy(file: Path = SHIPPED) -> NotifyPolicy:
    """The table in `file`. Raises PolicyError."""
    try:
        return NotifyPolicy.model_validate(yaml.safe_load(file.read_text(encoding="utf-8")))
    except (yaml.YAMLError, ValidationError) as error:
        raise PolicyError(f"{file.name} cannot be used: {error}") from error
