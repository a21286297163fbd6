"""One run: a seed, a load, a fault and a verdict; for a control, the fault must do the damage that a protection prevents."""

import asyncio
import random
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Self

from shared.storage import PyMongoError
from tests.faults import owners, pace, witness
from tests.faults.cases import Case, Profile
from tests.faults.checker import OPEN_ITEMS, Findings, check, unmet
from tests.faults.clients import Clients
from tests.faults.generator import wishes
from tests.faults.history import History
from tests.faults.nemesis import Fault, Nothing
from tests.faults.stand import Stand, parts_of

LOOK_SECONDS = 0.5
QUIET_SECONDS = 1.5
LONGEST_QUIET_SECONDS = 20.0
WORDS = {(False, False): "held", (False, True): "broken", (True, False): "missed", (True, True): "caught"}
STALE = "backline_stale_writes_total"
LASTING = ("twice", "inversions")
"""Damage that nothing mends any more: whoever sees it has seen enough."""


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What one run printed. `slow` says what took too long, in a run that was no control."""

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
    slow: Sequence[str] = ()
    figures: dict[str, Any] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """For one line."""
        return asdict(self)


async def run(stand: Stand, case: Case, seed: int, profile: Profile) -> Verdict:
    """One run of `case` on `stand`, from a healthy stand to a healthy stand."""
    started = time.monotonic()
    chance = random.Random(f"{case.name}-{seed}")
    await stand.without(case.without, case.values, case.services)
    await _quiet(stand)
    owners.forget(stand.folder)
    asked = wishes(case.name, seed, size=case.size or profile.size, seconds=case.seconds(profile), kinds=case.kinds)
    stale, before = await witness.metric(stand, STALE), Tally.of(stand)
    history = History(notes={"ready_after": round(time.monotonic() - started, 1)})
    clients = Clients(stand.stack, stand.client, history)
    watching = asyncio.create_task(_watch(stand, history))
    working = asyncio.create_task(clients.run(asked, idle=case.idle))
    try:
        fault = case.make(stand, chance, profile)
        await fault.strike(stand)
        history.notes["struck_after"] = round(time.monotonic() - started, 1)
        await stand.healed()
        if case.without:
            findings = await _settled(stand, history, profile.control_patience + case.idle, working, enough=case.damage)
        else:
            await asyncio.wait([working], timeout=case.idle + profile.work_seconds)
            if working.done():
                await working
            findings = await _settled(stand, history, profile.patience, working)
            findings.lost += [*unmet(asked, history.told), *([] if working.done() else ["the load never came to its end"])]
    finally:
        for task in (watching, working):
            task.cancel()
        stand.mails.misbehave(())
        stand.chats.misbehave(())
        stand.unsettled = bool(case.without)
    tally = Tally.of(stand).since(before)
    refused = max(0.0, await witness.metric(stand, STALE) - stale)
    history.notes |= {**tally, "points": _points(stand, before), **_answers(history), **pace.figures(history), "stale": refused}
    verdict = _verdict(case, seed, profile, history, findings, time.monotonic() - started)
    return verdict if verdict.verdict != "held" or _struck(fault, case, history) else replace(verdict, verdict="unstruck")


def _struck(fault: Fault, case: Case, history: History) -> bool:
    """Whether harm was done to something under way; where that is the point of it, to somebody who then had to be refused."""
    if isinstance(fault, Nothing):
        return True
    at_work = history.notes["at_points"] + history.notes["mischief"] > 0
    before_the_end = max((told.at for told in history.told), default=0.0) > history.harmed
    met = at_work or (history.notes["harm"] > 0 and before_the_end)
    return met and (history.notes["stale"] > 0 or not case.refuses)


@dataclass(frozen=True, kw_only=True)
class Tally:
    """How often the nemesis really struck, up to a moment."""

    at_points: int
    restarts: int
    exits: int
    mischief: int
    harm: int

    @classmethod
    def of(cls, stand: Stand) -> Self:
        """Up to now."""
        done = stand.mails.done + stand.chats.done
        return cls(
            at_points=len(stand.arrivals()), restarts=stand.restarts, exits=stand.exits, mischief=done, harm=len(stand.harm)
        )

    def since(self, before: "Tally") -> dict[str, int]:
        """What was done between the two."""
        return {name: value - asdict(before)[name] for name, value in asdict(self).items()}


def _points(stand: Stand, before: Tally) -> list[str]:
    """At which of its points each service died since."""
    return sorted({f"{parts_of(process)[0]} {point}" for process, point in stand.arrivals()[before.at_points :]})


async def _quiet(stand: Stand) -> None:
    """After a run that did damage, wait until no more mails of it come: what the next one does to a mail is for its own."""
    deadline, before = time.monotonic() + LONGEST_QUIET_SECONDS, -1
    while stand.unsettled and before != len(stand.mails.taken) and time.monotonic() < deadline:
        before = len(stand.mails.taken)
        await asyncio.sleep(QUIET_SECONDS)


async def _watch(stand: Stand, history: History) -> None:
    """Look again and again who has heard what, and whether somebody has too much to do, until cancelled."""
    while True:
        with suppress(PyMongoError):  # it may be the database that is gone
            history.ages.see(history.now(), await witness.progress(stand, history.requests()))
            history.overfull += [one for one in await witness.overfull(stand) if one not in history.overfull]
        await asyncio.sleep(LOOK_SECONDS)


async def _settled(stand: Stand, history: History, patience: float, working: asyncio.Task[None], *, enough: str = "") -> Findings:
    """What is found once `working` is over and nothing is found any more, or nothing has changed for as long as `patience`, or the damage `enough` lasts."""
    deadline, before = time.monotonic() + patience, -1
    while True:
        await _look(stand, history)
        findings = check(history)
        over = working.done() and not findings.sentences
        if over or time.monotonic() > deadline or (enough in LASTING and getattr(findings, enough)):
            break
        history.notes["last"] = findings.sentences[-1] if findings.sentences else "the load is under way"
        if (progress := _progress(history)) != before:
            deadline, before = time.monotonic() + patience, progress
        await asyncio.sleep(LOOK_SECONDS)
    await witness.check_files(stand, history)
    await witness.check_sinks(stand, history)
    history.damaged += stand.damage
    history.notes |= stand.notes
    stand.damage.clear()
    return check(history)


async def _look(stand: Stand, history: History) -> None:
    """Bring the history up to this moment."""
    await witness.collect(stand, history)
    history.handled = owners.handled(stand.folder)
    history.harmed, history.mended = (
        max(0.0, (at or history.began) - history.began) for at in (min(stand.harm, default=0.0), stand.mended)
    )


def _progress(history: History) -> int:
    """A number that changes with whatever is told, heard, said, or sent."""
    ledgers = [ledger for of_service in history.ledgers.values() for ledger in of_service.values()]
    ended = sum(item["status"] not in OPEN_ITEMS for ledger in ledgers for item in ledger.items)
    said = sum(ledger.head + ledger.published + sum(ledger.heard.values()) for ledger in ledgers)
    return len(history.told) + len(history.taken) + ended + said


def _answers(history: History) -> dict[str, Any]:
    seconds = [told.seconds for told in history.told if told.action == "submit"]
    return {"submit_p99_ms": round(1000 * pace.p99(seconds), 1)} if seconds else {}


def _verdict(case: Case, seed: int, profile: Profile, history: History, findings: Findings, seconds: float) -> Verdict:
    hurt = bool(getattr(findings, case.damage) if case.without else findings.sentences)
    slow = [] if case.without else pace.late(case.bounds, history, profile)
    word = WORDS[bool(case.without), hurt]
    return Verdict(
        seed=seed,
        profile=profile.name,
        fault=case.name,
        broker=case.shape.broker,
        control=bool(case.without),
        verdict="slow" if word == "held" and slow else word,
        lost=findings.lost,
        twice=findings.twice,
        inversions=findings.inversions,
        unlisted_doubtful=findings.unlisted_doubtful,
        unknown=findings.unknown,
        requests=len(history.requests()),
        seconds=round(seconds, 1),
        slow=slow,
        figures=history.notes,
    )


def failed(case: Case, seed: int, profile: Profile, problem: str) -> Verdict:
    """The verdict on a run that could not be made to its end; it shows nothing, so a control counts as missed."""
    verdict = _verdict(replace(case, bounds=()), seed, profile, History(), Findings(lost=[f"the run broke off: {problem}"]), 0.0)
    return replace(verdict, verdict="missed") if case.without else verdict
