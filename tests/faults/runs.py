"""One run: a seed, a load, a fault and a verdict; for a control, the fault must do the damage that a protection prevents."""

import asyncio
import random
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Self

from shared.schemas.envelope import SOURCES
from shared.storage import PyMongoError
from tests.faults import witness
from tests.faults.checker import OPEN_ITEMS, Findings, check
from tests.faults.clients import Clients
from tests.faults.generator import KINDS, wishes
from tests.faults.history import History
from tests.faults.mischief import Outside
from tests.faults.nemesis import Fault
from tests.faults.stand import EMBEDDED, Shape, Stand

LOOK_SECONDS = 0.5
WORDS = {(False, False): "held", (False, True): "broken", (True, False): "missed", (True, True): "caught"}
STALE = "backline_stale_writes_total"
Make = Callable[[Stand, random.Random, "Profile"], Fault]


@dataclass(frozen=True, kw_only=True)
class Profile:
    """The figures of the faults: how long things are away, in seconds, and how many requests a run has."""

    name: str
    outage: float
    stopped: float
    mail_delay: float
    mail_patience: float
    size: int
    spread: float = 4.0
    work_seconds: float = 90.0
    patience: float = 75.0
    control_patience: float = 12.0

    @property
    def values(self) -> dict[str, float]:
        """What the processes are told of it."""
        return {"smtp_timeout": self.mail_patience}


SHORT = Profile(name="short", outage=30, stopped=20, mail_delay=2, mail_patience=1, size=12)
LONG = Profile(name="long", outage=600, stopped=90, mail_delay=120, mail_patience=20, size=24, patience=240, work_seconds=900)
FIXED = Profile(name="fixed", outage=6, stopped=8, mail_delay=2, mail_patience=1, size=6)


PROFILES = {profile.name: profile for profile in (SHORT, LONG, FIXED)}


@dataclass(frozen=True, kw_only=True)
class Case:
    """A kind of run. `without` makes it a control: protections that are off, so that the fault must do damage.

    They are off in `services`, and `damage` is the promise that must be found broken. `size` is how many requests the run has,
    if not as many as the profile says, all of `kinds`, within `spread` seconds; for `idle` seconds nobody works on them;
    `seldom`: in the long profile alone.
    """

    fault: str
    make: Make
    without: tuple[str, ...] = ()
    damage: str = ""
    services: tuple[str, ...] = SOURCES
    size: int | None = None
    idle: float = 0.0
    spread: float | None = None
    kinds: tuple[str, ...] = KINDS
    shape: Shape = EMBEDDED
    seldom: bool = False

    @property
    def name(self) -> str:
        """Unique in the catalogue."""
        off = f":{'+'.join(self.without)}" if self.without else ""
        return f"{self.fault}{off}" + ("@kafka" if self.shape.broker == "kafka" else "")


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What one run printed."""

    seed: int
    profile: str
    fault: str
    broker: str
    control: bool
    verdict: str
    lost: Sequence[str]
    twice: Sequence[str]
    inversions: Sequence[str]
    unlisted_doubtful: Sequence[str]
    unknown: int
    requests: int
    seconds: float
    figures: dict[str, Any] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """For one line."""
        return asdict(self)


async def run(stand: Stand, case: Case, seed: int, profile: Profile) -> Verdict:
    """One run of `case` on `stand`, from a healthy stand to a healthy stand."""
    started = time.monotonic()
    chance = random.Random(f"{case.name}-{seed}")
    await stand.without(case.without, profile.values, case.services)
    history = History()
    asked = wishes(case.name, seed, size=case.size or profile.size, seconds=case.spread or profile.spread, kinds=case.kinds)
    clients = Clients(stand.stack, stand.client, history)
    before = Tally.of(stand)
    watching = asyncio.create_task(_watch(stand, history))
    working = asyncio.create_task(clients.run(asked, idle=case.idle))
    try:
        fault = case.make(stand, chance, profile)
        await fault.strike(stand)
        history.notes["struck_after"] = round(time.monotonic() - started, 1)
        await stand.healed()
        await asyncio.wait([working], timeout=case.idle + (profile.control_patience if case.without else profile.work_seconds))
        if working.done():
            await working
        told = {one.request for one in history.told if one.action == "submit"}
        history.damaged += [f"{wish.request} was never answered" for wish in asked if wish.request not in told]
        findings = await _settled(stand, history, profile.control_patience if case.without else profile.patience)
    finally:
        for task in (watching, working):
            task.cancel()
        stand.mails.misbehave(())
        stand.chats.misbehave(())
    figures = {**history.notes, **Tally.of(stand).since(before), **_answers(history), "stale": await witness.metric(stand, STALE)}
    verdict = _verdict(case, seed, profile, history, findings, time.monotonic() - started, figures)
    waited_in_vain = isinstance(fault, Outside) and not figures["mischief"]
    return replace(verdict, verdict="unstruck") if waited_in_vain else verdict


@dataclass(frozen=True, kw_only=True)
class Tally:
    """How often the nemesis really struck, up to a moment."""

    at_points: int
    restarts: int
    mischief: int

    @classmethod
    def of(cls, stand: Stand) -> Self:
        """Up to now."""
        return cls(at_points=len(stand.arrivals()), restarts=stand.restarts, mischief=stand.mails.done + stand.chats.done)

    def since(self, before: "Tally") -> dict[str, int]:
        """What was done between the two."""
        return {name: value - asdict(before)[name] for name, value in asdict(self).items()}


async def _watch(stand: Stand, history: History) -> None:
    """Look again and again whether somebody has too much to do, until cancelled."""
    while True:
        with suppress(PyMongoError):  # it may be the database that is gone
            history.overfull += [one for one in await witness.overfull(stand) if one not in history.overfull]
        await asyncio.sleep(LOOK_SECONDS)


async def _settled(stand: Stand, history: History, patience: float) -> Findings:
    """What is found once nothing is found any more, or nothing has changed for as long as `patience`."""
    deadline, before = time.monotonic() + patience, -1
    while True:
        await witness.collect(stand, history)
        findings = check(history)
        if not findings.sentences or time.monotonic() > deadline:
            break
        if (progress := _progress(history)) != before:
            deadline, before = time.monotonic() + patience, progress
        await asyncio.sleep(LOOK_SECONDS)
    await witness.check_files(stand, history)
    history.damaged += stand.damage
    stand.damage.clear()
    return check(history)


def _progress(history: History) -> int:
    """A number that changes with whatever is heard, said, or sent."""
    ledgers = [ledger for of_service in history.ledgers.values() for ledger in of_service.values()]
    ended = sum(item["status"] not in OPEN_ITEMS for ledger in ledgers for item in ledger.items)
    return len(history.taken) + ended + sum(ledger.head + ledger.published + sum(ledger.heard.values()) for ledger in ledgers)


def _answers(history: History) -> dict[str, Any]:
    seconds = sorted(told.seconds for told in history.told if told.action == "submit")
    return {"submit_p99_ms": round(1000 * seconds[int(0.99 * (len(seconds) - 1))], 1)} if seconds else {}


def _verdict(
    case: Case, seed: int, profile: Profile, history: History, findings: Findings, seconds: float, figures: dict[str, Any]
) -> Verdict:
    hurt = bool(getattr(findings, case.damage) if case.without else findings.sentences)
    return Verdict(
        seed=seed,
        profile=profile.name,
        fault=case.name,
        broker=case.shape.broker,
        control=bool(case.without),
        verdict=WORDS[bool(case.without), hurt],
        lost=findings.lost,
        twice=findings.twice,
        inversions=findings.inversions,
        unlisted_doubtful=findings.unlisted_doubtful,
        unknown=findings.unknown,
        requests=len(history.requests()),
        seconds=round(seconds, 1),
        figures=figures,
    )


def failed(case: Case, seed: int, profile: Profile, problem: str) -> Verdict:
    """The verdict on a run that could not be made to its end; it shows nothing, so a control counts as missed."""
    findings = Findings(lost=[f"the run broke off: {problem}"])
    verdict = _verdict(case, seed, profile, History(), findings, 0.0, {})
    return replace(verdict, verdict="missed") if case.without else verdict
