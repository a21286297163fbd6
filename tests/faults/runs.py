"""One run: a seed, a load, a fault and a verdict. And the catalogue of runs, each with the control that must fail."""

import asyncio
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from tests.faults import nemesis
from tests.faults.checker import Findings, check
from tests.faults.clients import Clients
from tests.faults.generator import wishes
from tests.faults.history import History
from tests.faults.nemesis import Fault
from tests.faults.sinks import SMTP_STEPS
from tests.faults.stand import EMBEDDED, Shape, Stand

LOOK_SECONDS = 0.5
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
    control_patience: float = 25.0

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
    """A kind of run. `without` makes it a control: protections that are off, so that the fault must do damage."""

    fault: str
    make: Make
    without: tuple[str, ...] = ()
    size: int | None = None
    shape: Shape = EMBEDDED

    @property
    def name(self) -> str:
        """Unique in the catalogue."""
        return f"{self.fault}:{'+'.join(self.without)}" if self.without else self.fault


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
    await stand.without(case.without, profile.values)
    history = History()
    asked = wishes(case.name, seed, size=case.size or profile.size, seconds=profile.spread)
    clients = Clients(stand.stack, stand.client, history)
    deaths, restarts, met = len(stand.deaths()), stand.restarts, stand.mails.done + stand.chats.done
    working = asyncio.create_task(clients.run(asked, profile.work_seconds if not case.without else profile.control_patience))
    await case.make(stand, chance, profile).strike(stand)
    await working
    await stand.healed()
    findings = await _settled(stand, history, profile.control_patience if case.without else profile.patience)
    met = stand.mails.done + stand.chats.done - met
    stand.mails.misbehave(())
    stand.chats.misbehave(())
    by_order = len(stand.deaths()) - deaths
    figures = {
        "killed_at_points": by_order,
        "restarts": stand.restarts - restarts,
        "mischief": met,
        **history.notes,
        **_answers(history),
    }
    return _verdict(case, seed, profile, history, findings, time.monotonic() - started, figures)


async def _settled(stand: Stand, history: History, patience: float) -> Findings:
    """What is found once nothing is found any more, or when patience has run out."""
    deadline = time.monotonic() + patience
    while True:
        await stand.collect(history)
        findings = check(history)
        if not findings.sentences or time.monotonic() > deadline:
            break
        await asyncio.sleep(LOOK_SECONDS)
    await stand.check_files(history)
    return check(history)


def _answers(history: History) -> dict[str, Any]:
    seconds = sorted(told.seconds for told in history.told if told.action == "submit")
    return {"submit_p99_ms": round(1000 * seconds[int(0.99 * (len(seconds) - 1))], 1)} if seconds else {}


def _verdict(
    case: Case, seed: int, profile: Profile, history: History, findings: Findings, seconds: float, figures: dict[str, Any]
) -> Verdict:
    broken = bool(findings.sentences)
    words = ("caught", "missed") if case.without else ("broken", "held")
    return Verdict(
        seed=seed,
        profile=profile.name,
        fault=case.name,
        broker=case.shape.broker,
        control=bool(case.without),
        verdict=words[0] if broken else words[1],
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


# -- the catalogue


def _grid(turn: int) -> Make:
    return lambda stand, chance, _profile: nemesis.kill_at_once(stand, chance, turn)


def _everywhere(service: str, point: str) -> Make:
    return lambda stand, _chance, _profile: nemesis.KillAt(points=dict.fromkeys(stand.of(service), (point, 1)))


def _outside(stand: Stand, chance: random.Random, _profile: Profile) -> Fault:
    return nemesis.kill_outside(stand, chance)


def _broker_gone(*, replayed: bool = True) -> Make:
    return lambda _stand, chance, profile: nemesis.BrokerGone(
        after=chance.uniform(0.2, 1.5), seconds=profile.outage, replayed=replayed
    )


def _mails(kind: str, *steps: str, times: int = 1) -> Make:
    return lambda _stand, _chance, profile: nemesis.Outside(
        mails=tuple((step, kind, times, profile.mail_delay) for step in steps)
    )


def _chats(kind: str, times: int = 2) -> Make:
    return lambda _stand, _chance, profile: nemesis.Outside(chats=((kind, times, profile.mail_delay),))


GRID = tuple(Case(fault=f"kill_grid_{turn}", make=_grid(turn)) for turn in range(13))
KILL_OUTSIDE = tuple(Case(fault=f"kill_outside_{turn}", make=_outside) for turn in range(6))
MAILS = (
    Case(fault="smtp_drop", make=_mails("drop", *SMTP_STEPS, times=2)),
    Case(fault="smtp_delay", make=_mails("delay", *(step for step in SMTP_STEPS if step != "content"))),
    Case(fault="smtp_defer", make=_mails("defer", "MAIL", "RCPT", "dot", times=2)),
    Case(fault="smtp_kill", make=_mails("kill", *SMTP_STEPS)),
)
CHATS = tuple(Case(fault=f"chat_{kind}", make=_chats(kind), size=6) for kind in ("drop", "delay", "busy", "429", "kill"))
BROKER_GONE = tuple(Case(fault=f"broker_gone_{turn}", make=_broker_gone()) for turn in range(3))
CONTROLS = (
    Case(fault="kill_grid", make=_everywhere("routing", "before_publish"), without=("outbox", "reconciliation"), size=4),
    Case(fault="kill_grid", make=_everywhere("intake", "before_commit"), without=("sequence", "reconciliation"), size=4),
    Case(fault="smtp_dot_kill", make=_mails("kill", "dot"), without=("phase",), size=3),
    Case(fault="broker_gone", make=_broker_gone(replayed=False), without=("acknowledgement", "reconciliation"), size=4),
)


def catalogue() -> dict[str, Case]:
    """Every kind of run by name."""
    return {case.name: case for case in (*GRID, *KILL_OUTSIDE, *MAILS, *CHATS, *BROKER_GONE, *CONTROLS)}
