"""Every kind of run, and beside each fault the control that switches off what protects against it."""

import random
from dataclasses import replace

from tests.faults import mischief, nemesis, outages, restores
from tests.faults.nemesis import Fault
from tests.faults.runs import Case, Make, Profile
from tests.faults.sinks import SMTP_STEPS
from tests.faults.stand import Shape, Stand

KAFKA = Shape(broker="kafka", brokers=3)
THREE_AND_FEW = Shape(routing=3, crowd=0)
THREE_MEMBERS = Shape(members=3)
UNHEALED = ("outbox", "reconciliation")


def _at_once(turn: int) -> Make:
    return lambda stand, chance, _profile: nemesis.kill_at_once(stand, chance, turn)


def _at(service: str, point: str) -> Make:
    return lambda stand, _chance, _profile: nemesis.KillAt(points=dict.fromkeys(stand.of(service), (point, 1)))


def _from_outside(stand: Stand, chance: random.Random, _profile: Profile) -> Fault:
    return nemesis.kill_outside(stand, chance)


def _broker_gone(*, replayed: bool = True) -> Make:
    return lambda _stand, chance, profile: outages.BrokerGone(
        after=chance.uniform(0.2, 1.5), seconds=profile.outage, replayed=replayed
    )


def _brokers_killed(*places: int, share: float = 0.2) -> Make:
    """For a `share` of an outage. A send that waits for less than its time-out is not lost, whatever is switched off."""
    return lambda _stand, chance, profile: outages.BrokersKilled(
        places=places, after=chance.uniform(0.2, 1.5), seconds=share * profile.outage
    )


def _mails(kind: str, *steps: str, times: int = 1) -> Make:
    return lambda _stand, _chance, profile: mischief.Outside(
        mails=tuple((step, kind, times, profile.mail_delay) for step in steps)
    )


def _chats(*kinds: str) -> Make:
    return lambda _stand, _chance, profile: mischief.Outside(chats=tuple((kind, 1, profile.mail_delay) for kind in kinds))


def _frozen(point: str) -> Make:
    return lambda stand, chance, profile: nemesis.FreezeAt(
        process=chance.choice(stand.of("routing")), point=point, seconds=profile.stopped
    )


def _stopped(stand: Stand, chance: random.Random, profile: Profile) -> Fault:
    return nemesis.Stop(process=chance.choice(stand.of("routing")), after=chance.uniform(0.1, 3), seconds=profile.stopped)


def _primary(kind: str) -> Make:
    return lambda _stand, chance, profile: outages.PrimaryGone(kind=kind, after=chance.uniform(0.2, 2), seconds=profile.stopped)


def _read_only(stand: Stand, chance: random.Random, profile: Profile) -> Fault:
    return outages.ReadOnly(after=chance.uniform(0.5, 2), seconds=profile.stopped / 2, killed=chance.choice(stand.processes))


def _disk_full(_stand: Stand, chance: random.Random, profile: Profile) -> Fault:
    return outages.DiskFull(after=chance.uniform(0.5, 2), seconds=profile.stopped / 2)


def _late(_stand: Stand, chance: random.Random, profile: Profile) -> Fault:
    return outages.LateWrite(after=chance.uniform(0.1, 0.5), seconds=profile.stopped / 2, late=7.0)


def _nothing(*_: object) -> Fault:
    return nemesis.Nothing()


def _lost_tail(*, reconciled: bool = True) -> Make:
    return lambda _stand, _chance, _profile: outages.LostTail(seconds=6.0, reconciled=reconciled)


def _put_back(service: str, *, restored: bool = True) -> Make:
    """Before the load is over; with mails that are held, for less time than notify waits for them, where it is notify that goes."""
    return lambda _stand, chance, profile: restores.PutBack(
        service=service,
        after=chance.uniform(1, 2),
        between=chance.uniform(0.5, 1.5),
        killed=chance.uniform(2, 5),
        held=profile.mail_patience / 2 if service == "notify" else 0,
        restored=restored,
    )


def _poison(*_: object) -> Fault:
    return mischief.PoisonSet()


GRID = tuple(Case(fault=f"kill_grid_{turn}", make=_at_once(turn), spread=15) for turn in range(0, 13, 2))
OUTSIDE = tuple(Case(fault=f"kill_outside_{turn}", make=_from_outside) for turn in range(6))
MAILS = (
    Case(fault="smtp_drop", make=_mails("drop", *SMTP_STEPS, times=2)),
    Case(fault="smtp_delay", make=_mails("delay", *(step for step in SMTP_STEPS if step != "content"))),
    Case(fault="smtp_defer", make=_mails("defer", "MAIL", "RCPT", "dot", times=2)),
    Case(fault="smtp_kill", make=_mails("kill", *SMTP_STEPS)),
)
CHATS = (
    Case(fault="chat", make=_chats("busy", "429", "delay", "drop", "kill")),
    *(
        Case(fault=f"chat_{kind}", make=_chats(kind, kind), size=6, seldom=True)
        for kind in ("drop", "delay", "busy", "429", "kill")
    ),
)
ON_EMBEDDED = (
    *GRID,
    *OUTSIDE,
    *MAILS,
    *CHATS,
    *(Case(fault=f"broker_gone_{turn}", make=_broker_gone()) for turn in range(2)),
    Case(fault="lost_tail", make=_lost_tail()),
    Case(fault="poison", make=_poison, size=6),
    Case(fault="read_only", make=_read_only),
    Case(fault="disk_full", make=_disk_full),
    Case(fault="restore_routing", make=_put_back("routing")),
    Case(fault="restore_notify", make=_put_back("notify")),
    Case(fault="restore_documents", make=_put_back("documents"), seldom=True),
    Case(fault="kill_grid", make=_at("routing", "before_publish"), damage="lost", without=UNHEALED, size=4),
    Case(
        fault="kill_redelivered",
        make=_at("intake", "before_commit"),
        damage="inversions",
        without=("sequence",),
        services=("intake",),
        size=4,
    ),
    Case(fault="smtp_dot_kill", make=_mails("kill", "dot"), damage="twice", without=("phase",), services=("notify",), size=3),
    Case(
        fault="broker_gone",
        make=_broker_gone(replayed=False),
        damage="lost",
        without=("acknowledgement", "reconciliation"),
        size=4,
    ),
    Case(fault="lost_tail", make=_lost_tail(reconciled=False), damage="lost", without=("reconciliation",), size=4),
    Case(fault="poison", make=_poison, damage="lost", without=("dead_letters",), size=2),
    Case(fault="read_only", make=_read_only, damage="lost", without=("refusals", "reconciliation"), size=6),
    Case(fault="disk_full", make=_disk_full, damage="lost", without=("majority", "reconciliation"), size=16),
    Case(fault="restore_notify", make=_put_back("notify", restored=False), damage="twice", without=("restore",), size=6),
    Case(
        fault="restore_routing",
        make=_put_back("routing", restored=False),
        damage="lost",
        without=("restore",),
        size=6,
        seldom=True,
    ),
)
WITH_FEW_PEOPLE = (
    Case(fault="zombie_0", make=_frozen("before_write"), shape=THREE_AND_FEW, size=8),
    Case(fault="zombie_1", make=_frozen("before_publish"), shape=THREE_AND_FEW, size=8, seldom=True),
    Case(fault="zombie_2", make=_stopped, shape=THREE_AND_FEW, size=8),
    Case(fault="cap", make=_nothing, shape=THREE_AND_FEW, size=24, idle=8, kinds=("tech.test",)),
    Case(fault="zombie", make=_frozen("before_write"), shape=THREE_AND_FEW, size=8, damage="twice", without=("guard",)),
    Case(
        fault="cap",
        make=_nothing,
        shape=THREE_AND_FEW,
        size=24,
        idle=10,
        kinds=("tech.test",),
        damage="twice",
        without=("seats",),
    ),
)
ON_THREE_MEMBERS = (
    *(
        Case(fault=f"primary_{kind}_{turn}", make=_primary(kind), shape=THREE_MEMBERS)
        for turn in range(2)
        for kind in ("kill", "freeze")
    ),
    Case(fault="primary_isolate_0", make=_primary("isolate"), shape=THREE_MEMBERS),
    Case(fault="late_write", make=_late, shape=THREE_MEMBERS),
    Case(
        fault="primary_isolate",
        make=_primary("isolate"),
        shape=THREE_MEMBERS,
        damage="lost",
        without=("majority",),
        size=16,
        spread=14,
    ),
    Case(fault="late_write", make=_late, shape=THREE_MEMBERS, damage="twice", without=("guard",), size=8),
)
ON_KAFKA = (
    *(replace(case, shape=KAFKA, seldom=turn % 3 > 0) for turn, case in enumerate(GRID)),
    *(replace(case, shape=KAFKA, seldom=turn > 0) for turn, case in enumerate(OUTSIDE)),
    *(Case(fault=f"broker_killed_{place}", make=_brokers_killed(place), shape=KAFKA) for place in range(3)),
    Case(fault="broker_gone", make=_broker_gone(), shape=KAFKA),
    Case(fault="restore_notify", make=_put_back("notify"), shape=KAFKA, seldom=True),
    Case(
        fault="brokers_killed",
        make=_brokers_killed(0, 1, share=1),
        shape=KAFKA,
        damage="lost",
        without=("acknowledgement", "reconciliation"),
        size=6,
    ),
)
ALL = (*ON_EMBEDDED, *WITH_FEW_PEOPLE, *ON_THREE_MEMBERS, *ON_KAFKA)


def catalogue() -> dict[str, Case]:
    """Every kind of run by name."""
    return {case.name: case for case in ALL}
