"""An estimate for a request that would be sent now: ranges, and what they rest on."""

from datetime import datetime
from typing import Literal

from pydantic import Field

from shared.schemas.model import Frozen, Text

Basis = Literal["observed", "service_level"]


class Range(Frozen):
    """Eight of ten such requests should lie between `early` and `late`, half of them before `median`; hours are working time."""

    early: datetime
    median: datetime
    late: datetime
    early_hours: float
    median_hours: float
    late_hours: float


class Estimate(Frozen):
    """When a request of `type` would have its people, and when it could be done. Nothing is promised, and nobody is reserved.

    `verdict`: now, somebody has room; later, those who could are full; nobody, there is nobody who could. `people_basis` and `basis`
    say what the waiting and the work are reckoned by, `observations` how many of the type were seen: too few, and the service level
    speaks for them. `meets` compares with `needed_by`.
    """

    type: str
    business_unit: str
    at: datetime
    verdict: Literal["now", "later", "nobody"]
    share: float = Field(default=0.8, description="how many of such requests should lie within the ranges")
    people: Range | None = None
    done: Range | None = None
    basis: Basis | None = None
    observations: int = 0
    people_basis: Basis | None = None
    people_observations: int = 0
    ahead: int = Field(default=0, description="requests that wait for the same people and are tried before")
    free_places: int = 0
    could: int = Field(default=0, description="how many people could have the seat that is hardest to fill")
    coordinator_chooses: bool = False
    season: str | None = Field(default=None, description="the season whose figures count now")
    needed_by: datetime | None = None
    meets: Literal["likely", "possible", "unlikely"] | None = None
    message: Text
