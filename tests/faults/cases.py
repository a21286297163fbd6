"""What a run is made of: a kind of run with its fault, and the figures of the profile it is made in."""

import random
from collections.abc import Callable
from dataclasses import dataclass

from shared.schemas.envelope import SOURCES
from tests.faults.generator import KINDS
from tests.faults.nemesis import Fault
from tests.faults.stand import EMBEDDED, Shape, Stand

PATIENT_SECONDS = 60.0
Make = Callable[[Stand, random.Random, "Profile"], Fault]


@dataclass(frozen=True, kw_only=True)
class Profile:
    """The figures of the faults: how long things are away, in seconds, how often, and how many requests a run has.

    `mail_delays`: how long a mail server takes to say that it has a mail; `mail_patience`: how long notify waits for it; `lease`:
    how long it may take over one mail. `session` and `rebalance`: how long a member of a group may be silent, and how long others
    wait for it. `handler`: how long a slow handler takes. `broker_away`: how long one broker of several is. `spread`: within how
    long requests are sent, if a kind of run does not say, and `longest_spread` if it says more.
    """

    name: str
    outage: float
    stopped: float
    broker_away: float
    handler: float
    mail_delays: tuple[float, ...]
    mail_patience: float
    lease: float
    session: float
    rebalance: float
    size: int
    kills: int
    spread: float = 4.0
    longest_spread: float = 60.0
    work_seconds: float = 90.0
    patience: float = 75.0
    control_patience: float = 12.0

    @property
    def settings(self) -> dict[str, str]:
        """What the environment of every process says of it."""
        return {
            "BACKLINE_LEASE_SECONDS": f"{self.lease:g}",
            "BACKLINE_SMTP_TIMEOUT_SECONDS": f"{self.mail_patience:g}",
            "BACKLINE_SESSION_TIMEOUT_MS": f"{1000 * self.session:.0f}",
            "BACKLINE_REBALANCE_TIMEOUT_MS": f"{1000 * self.rebalance:.0f}",
        }


SHORT = Profile(
    name="short",
    outage=30,
    stopped=20,
    broker_away=6,
    handler=14,
    mail_delays=(2,),
    mail_patience=1,
    lease=8,
    session=6,
    rebalance=6,
    size=12,
    kills=16,
)
LONG = Profile(
    name="long",
    outage=600,
    stopped=90,
    broker_away=30,
    handler=25,
    mail_delays=(5, 120),
    mail_patience=20,
    lease=60,
    session=45,
    rebalance=60,
    size=24,
    kills=16,
    work_seconds=900,
    patience=300,
    control_patience=150,
)
FIXED = Profile(
    name="fixed",
    outage=6,
    stopped=8,
    broker_away=3,
    handler=6,
    mail_delays=(2,),
    mail_patience=1,
    lease=8,
    session=6,
    rebalance=6,
    size=6,
    kills=8,
    longest_spread=4,
)
PROFILES = {profile.name: profile for profile in (SHORT, LONG, FIXED)}


@dataclass(frozen=True, kw_only=True)
class Case:
    """A kind of run. `without` makes it a control: protections that are off, so that the fault must do damage.

    They are off in `services`, and `damage` is the promise that must be found broken. `size` is how many requests the run has,
    if not as many as the profile says, all of `kinds`, within `spread` seconds (`throughout`: within an outage); for `idle` seconds
    nobody works on them. `patient`: a rebalance waits for members as
    long as it does in production. `bounds` names what may not take
    long (`pace`); `refuses`: the run shows nothing unless a stale write was refused. `seldom`: in the long profile alone;
    `least`: so often there, with a new seed each time. `expected` is how long it takes in the short profile, in seconds.
    """

    fault: str
    make: Make
    without: tuple[str, ...] = ()
    damage: str = ""
    services: tuple[str, ...] = SOURCES
    size: int | None = None
    idle: float = 0.0
    spread: float | None = None
    throughout: bool = False
    kinds: tuple[str, ...] = KINDS
    shape: Shape = EMBEDDED
    patient: bool = False
    bounds: tuple[str, ...] = ()
    refuses: bool = False
    seldom: bool = False
    least: int = 1
    expected: float = 25.0

    @property
    def name(self) -> str:
        """Unique in the catalogue."""
        off = f":{'+'.join(self.without)}" if self.without else ""
        return f"{self.fault}{off}" + ("@kafka" if self.shape.broker == "kafka" else "")

    @property
    def values(self) -> dict[str, float]:
        """What the processes are told."""
        return {"rebalance": PATIENT_SECONDS} if self.patient else {}

    def seconds(self, profile: Profile) -> float:
        """Within how long the requests are sent."""
        return profile.outage if self.throughout else min(self.spread or profile.spread, profile.longest_spread)
