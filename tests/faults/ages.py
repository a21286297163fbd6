"""How old facts are when they are heard, as seen by somebody who looks again and again."""

from collections.abc import Mapping
from dataclasses import dataclass, field

Said = tuple[str, str, int]
"""Source, request and sequence of an event."""


@dataclass(frozen=True, kw_only=True)
class Progress:
    """How far one service is with one request: how many events it has said, and how many it has heard of whom."""

    head: int
    heard: Mapping[str, int]


@dataclass(kw_only=True)
class Ages:
    """When each event was first seen as said, and as heard by whom; in seconds of the run."""

    said: dict[Said, float] = field(default_factory=dict)
    heard: dict[tuple[Said, str], float] = field(default_factory=dict)

    def see(self, at: float, progress: Mapping[str, Mapping[str, Progress]]) -> None:
        """Note what is seen `at` a moment, by service and request."""
        for service, requests in progress.items():
            for request, one in requests.items():
                for number in range(1, one.head + 1):
                    self.said.setdefault((service, request, number), at)
                for source, heard in one.heard.items():
                    for number in range(1, heard + 1):
                        self.heard.setdefault(((source, request, number), service), at)

    def of_all(self) -> list[float]:
        """Every age, one for each event and whoever heard it, the youngest first. What was never heard is for the checker."""
        return sorted(max(0.0, at - self.said.get(said, at)) for (said, _), at in self.heard.items())

    def heard_by(self, moment: float) -> float:
        """By when all that was said before `moment` had been heard by those who ever heard it; `moment` if it was by then."""
        late = [at for (said, _), at in self.heard.items() if self.said.get(said, at) <= moment]
        return max([moment, *late])
